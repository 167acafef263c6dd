import ArgumentParser
import HeadgateCore
import HeadgateStore

/// The command `headgate digest`.
struct DigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest", abstract: "Print the SHA-256 of data, as a pinned input of a step names it.",
        discussion: """
            A line each, as sha256sum prints and checks them; of a folder, every file below it. All cores share the work.
            """)

    @Argument(help: "Files and folders.", completion: .file())
    var paths: [String]

    func run() async throws {
        do throws(StorageError) {
            var files: [String] = []
            for path in paths { files += try await FileDigests.files(at: path) }
            for (file, digest) in zip(files, try await FileDigests.of(files)) {
                print("\(digest.hex)  \(Renderer.clean(file))")
            }
        } catch {
            Terminal.note("headgate: \(error)")
            throw ExitCode(2)
        }
    }
}
