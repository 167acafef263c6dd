/// Policies that teams need, to start from; what the program carries of the folder `policies`.
enum PolicyLibrary {
    /// One policy with its tests and its page.
    struct Entry: Sendable {
        let name: String
        let at: [String]
        let action: String
        /// What it guards against, in a sentence.
        let about: String
        /// Names of reports of tools that its tests read.
        let reports: [String]
        private let texts: [String: String]

        init(name: String, at: [String], action: String, about: String, reports: [String], files: [String: String]) {
            self.name = name
            self.at = at
            self.action = action
            self.about = about
            self.reports = reports
            texts = files
        }

        /// Texts by path below the library's folder.
        var files: [String: String] {
            var files = texts
            for report in reports {
                // Tools end their files without a line end.
                if let text = PolicyLibrary.reports[report] {
                    files["reports/\(report).json"] = String(text.dropLast())
                }
            }
            return files
        }
    }
}
