/// A version as the queries of a check name it.
package struct CheckSubject: Hashable, Sendable, Codable {
    package let version: VersionID
    /// Where this version alone can be reached; nil when its target shows no such address.
    package let preview: String?

    package init(version: VersionID, preview: String? = nil) {
        self.version = version
        self.preview = preview
    }

    /// What stands for `$(name)`; nil when the version has nothing of this name.
    func value(of placeholder: Placeholder) -> String? {
        switch placeholder {
        case .version: version.short
        case .digest: version.description
        case .preview: preview
        }
    }

    /// What a query may say of the version that it is asked for.
    enum Placeholder: String, CaseIterable {
        /// 12 digits, as in the header `x-headgate-version`.
        case version
        /// `sha256:` and 64 digits, as in the label `version` of the router's metrics.
        case digest
        case preview

        var text: String { "$(\(rawValue))" }
    }
}

extension CheckRequest {
    /// The queries to run.
    ///
    /// One that names `$(version)`, `$(digest)` or `$(preview)` is there once for each version, as `candidate.NAME` and
    /// `stable.NAME`, and not at all for a version that has nothing to put there.
    package var queries: [MetricQuery] {
        check.queries.flatMap { query in
            guard query.isPerVersion else { return [query] }
            return [("candidate", candidateSubject), ("stable", stableSubject)].compactMap { role, subject in
                subject.flatMap { query.asked(for: $0, as: "\(role).\(query.name)") }
            }
        }
    }
}

extension MetricQuery {
    /// Whether it is asked once for each version.
    package var isPerVersion: Bool {
        let texts: [String] =
            switch provider {
            case .prometheus(_, let query, _): [query]
            case .json(let url, _): [url]
            case .command(let words): words
            }
        return texts.contains { text in CheckSubject.Placeholder.allCases.contains { text.hasPart($0.text) } }
    }

    /// The query with a version's own words; nil when it names something that the version has not.
    func asked(for subject: CheckSubject, as name: String) -> MetricQuery? {
        var isComplete = true
        func filled(_ text: String) -> String {
            var text = text
            for placeholder in CheckSubject.Placeholder.allCases where text.hasPart(placeholder.text) {
                guard let value = subject.value(of: placeholder) else {
                    isComplete = false
                    continue
                }
                text = text.replacingParts(placeholder.text, with: value)
            }
            return text
        }
        let provider: Provider =
            switch self.provider {
            case .prometheus(let address, let query, let range):
                .prometheus(address: address, query: filled(query), range: range)
            case .json(let url, let pointer): .json(url: filled(url), pointer: pointer)
            case .command(let words): .command(words.map(filled))
            }
        return isComplete ? MetricQuery(name: name, provider: provider) : nil
    }
}

extension String {
    fileprivate func hasPart(_ part: String) -> Bool { parts(around: part).count > 1 }

    fileprivate func replacingParts(_ part: String, with other: String) -> String {
        parts(around: part).joined(separator: other)
    }

    private func parts(around part: String) -> [String] {
        let wanted = Array(part.utf8)
        let bytes = Array(utf8)
        var parts: [String] = []
        var (start, index) = (0, 0)
        while index + wanted.count <= bytes.count {
            if bytes[index..<index + wanted.count].elementsEqual(wanted) {
                parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += wanted.count
                start = index
            } else {
                index += 1
            }
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
