import Glibc

/// A system call that failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let number: Int32
    /// What was tried, as a phrase that a path can follow: `cannot write`.
    package let action: String
    package let subject: String

    package init(_ action: String, _ subject: String, number: Int32 = errno) {
        self.number = number
        self.action = action
        self.subject = subject
    }

    package var description: String { "\(action) \(subject): \(Self.text(of: number))" }

    /// Whether room on a disk or in a quota is what is missing.
    package var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }

    package static func text(of number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
