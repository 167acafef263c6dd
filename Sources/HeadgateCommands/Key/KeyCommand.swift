import ArgumentParser
import Foundation
import HeadgateProviders

/// The command `headgate key …`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Keys that sign results and champions in a shared store.",
        subcommands: [KeyGenerateCommand.self, KeyPublicCommand.self])
}

/// The command `headgate key generate FILE`.
struct KeyGenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make an Ed25519 key, and print its public half.",
        discussion: "The same as `openssl genpkey -algorithm ed25519 -out FILE`. The key itself is never printed.")

    @Argument(help: "The file that gets the key; only you can read it. It must not exist.")
    var file: String

    func run() async throws {
        let key = SigningKey()
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                Terminal.note("headgate: \(file) is there already")
                throw ExitCode(1)
            }
            Terminal.note("headgate: \(file) cannot be made: \(String(cString: strerror(errno)))")
            throw ExitCode(2)
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(key.secretPEM.utf8))
        print(key.verifyingKey.pem, terminator: "")
        Terminal.note("key \(key.id)")
    }
}

/// The command `headgate key public FILE`.
struct KeyPublicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "public", abstract: "Print the public half of a key, for whoever shall trust it.")

    @Argument(help: "The file that holds the key.")
    var file: String

    func run() async throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            Terminal.note("headgate: \(file) cannot be read")
            throw ExitCode(2)
        }
        do {
            let key = try SigningKey(pem: text)
            print(key.verifyingKey.pem, terminator: "")
            Terminal.note("key \(key.id)")
        } catch {
            Terminal.note("headgate: \(file): \(error)")
            throw ExitCode(2)
        }
    }
}
