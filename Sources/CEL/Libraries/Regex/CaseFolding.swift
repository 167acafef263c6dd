/// Which scalars are the same but for their case, by simple case folding.
enum CaseFolding {
    /// The set with every case of its members.
    static func closure(of set: ScalarSet) -> ScalarSet {
        if let scalar = set.single, scalar >= 0x80 {
            return orbit(of: scalar).map { ScalarSet(ranges: $0.map { $0...$0 }) } ?? set
        }
        var extra: [ClosedRange<UInt32>] = []
        for orbit in set.isASCII ? asciiOrbits : orbits where orbit.contains(where: set.contains) {
            extra += orbit.map { $0...$0 }
        }
        return extra.isEmpty ? set : ScalarSet(ranges: set.ranges + extra)
    }

    private static func orbit(of scalar: UInt32) -> [UInt32]? {
        indices[scalar].map { orbits[$0] }
    }

    private static let indices: [UInt32: Int] = {
        var indices: [UInt32: Int] = [:]
        for (index, orbit) in orbits.enumerated() {
            for member in orbit { indices[member] = index }
        }
        return indices
    }()

    // The sign of Kelvin and the long s fold to ASCII letters.
    private static let asciiOrbits: [[UInt32]] = (0..<26).map { index in
        let lower = UInt32(0x61 + index)
        let others: [UInt32] = lower == 0x6B ? [0x212A] : lower == 0x73 ? [0x17F] : []
        return [lower - 0x20, lower] + others
    }

    private static let orbits: [[UInt32]] = {
        var members: [UInt32: [UInt32]] = [:]
        // Nothing past the supplementary multilingual plane has case.
        for value in UInt32(0)..<0x2_0000 {
            guard let scalar = Unicode.Scalar(value),
                scalar.properties.changesWhenUppercased || scalar.properties.changesWhenLowercased,
                let folded = fold(scalar)
            else { continue }
            members[folded, default: [folded]].append(value)
        }
        return members.values.map { Array(Set($0)).sorted() }.filter { $0.count > 1 }
    }()

    private static func fold(_ scalar: Unicode.Scalar) -> UInt32? {
        // The Turkish letters with and without a dot fold to nothing but themselves.
        guard scalar.value != 0x130, scalar.value != 0x131 else { return nil }
        let upper = single(scalar.properties.uppercaseMapping) ?? scalar
        return (single(upper.properties.lowercaseMapping) ?? upper).value
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}
