import Testing

@testable import HeadgateCore

/// What of a message is said in a line.
@Suite struct MessageLinesTests {
    private static let traceback = """
        starting
        Traceback (most recent call last):
          File "train.py", line 3, in train
            value = read(path) + undefined
        NameError: name 'undefined' is not defined

        [headgate] server ended with exit code 1; starts again in 250 ms
        """

    @Test func `a traceback's last line names its error, and shims' lines do not count`() {
        #expect(Self.traceback.lastLine == "NameError: name 'undefined' is not defined")
        #expect("".lastLine == "" && "\n \n".lastLine == "" && "one".lastLine == "one")
        #expect(String(repeating: "x", count: 1000).lastLine.count == 300)
    }

    @Test func `a message ends in the last word of an output, with the rest as details`() {
        let message = "it ended with exit code 1".ending(inOutput: Self.traceback)
        #expect(message.summary == "it ended with exit code 1: NameError: name 'undefined' is not defined")
        #expect(message.details.count == 6)
        #expect("it ended".ending(inOutput: "") == "it ended")
        #expect("it ended".ending(inOutput: "no luck") == "it ended: no luck")
    }
}
