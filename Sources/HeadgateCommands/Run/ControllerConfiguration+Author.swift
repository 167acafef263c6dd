import Foundation
import HeadgateCore
import HeadgateGit

extension ControllerConfiguration.Source {
    /// Who authors the commits that are written to it.
    func person() throws -> CommitFacts.Person {
        let person = CommitFacts.Person(
            name: author?.name ?? "Headgate", email: author?.email ?? "headgate@localhost")
        for text in [person.name, person.email] {
            let isFine = !text.isEmpty && text.utf8.allSatisfy { $0 >= 32 && $0 != 127 && $0 != 60 && $0 != 62 }
            guard isFine else { throw ConfigurationError("author: \"\(text)\" cannot stand in a commit") }
        }
        return person
    }

    /// Signs the commits that are written to it.
    func signingKey() throws -> CommitSigner? {
        guard let file = author?.signingKey else { return nil }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw ConfigurationError("author.signingKey: \(file) cannot be read")
        }
        do { return try CommitSigner(openSSH: text) } catch {
            throw ConfigurationError("author.signingKey: \(file): \(error.message)")
        }
    }
}
