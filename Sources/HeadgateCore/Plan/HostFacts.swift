/// Facts of the machine that runs steps, as far as they determine results.
package struct HostFacts: Hashable, Sendable, Codable {
    /// Lower case, such as `linux`.
    package var operatingSystem: String
    /// As `uname -m` prints it.
    package var architecture: String
    /// Version texts by interpreter name, such as `python3` to `3.11.7`.
    package var interpreters: [String: String]

    package init(operatingSystem: String, architecture: String, interpreters: [String: String] = [:]) {
        self.operatingSystem = operatingSystem
        self.architecture = architecture
        self.interpreters = interpreters
    }
}
