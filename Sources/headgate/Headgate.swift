import HeadgateCommands

@main
struct Headgate {
    static func main() async { await HeadgateCommand.start() }
}
