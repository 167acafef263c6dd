import HeadgateCommands

@main
struct Headgate {
    @MainActor static func main() async { await HeadgateCommand.start() }
}
