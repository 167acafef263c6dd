import HeadgateCore
import Testing

struct DurationTests {
    @Test(arguments: [
        (-1, "less than 1 ms"), (0, "less than 1 ms"), (1, "1 ms"), (99, "99 ms"), (100, "0.1 s"), (349, "0.3 s"),
        (960, "1.0 s"), (12_340, "12.3 s"), (59_949, "59.9 s"), (59_950, "1 min 0 s"), (125_499, "2 min 5 s"),
        (7_200_000, "120 min 0 s"),
    ])
    func `what took some time never took none`(_ milliseconds: Int, _ text: String) {
        #expect(Duration.milliseconds(milliseconds).taken == text)
    }
}
