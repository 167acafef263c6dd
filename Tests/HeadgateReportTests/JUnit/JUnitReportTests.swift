import Foundation
import HeadgateCore
import HeadgateReport
import Testing

@Suite struct JUnitReportTests {
    @Test func `failures and errors are counted apart and name their places`() throws {
        let place = SourceLocation(file: try #require(RepositoryPath("policies.yaml")), line: 7, column: 3)
        let report = JUnitReport(
            "headgate",
            [
                JUnitReport.Suite(
                    "wine",
                    [
                        JUnitReport.Case("floor", in: "policy.quality", duration: .milliseconds(1250)),
                        JUnitReport.Case("drop", in: "policy.champion", .failed(message: "fell < 1"), at: place),
                        JUnitReport.Case("age", in: "policy.age", .errored(message: "waits", detail: "for data")),
                        JUnitReport.Case("later", in: "policy.later", .skipped(reason: "asked at rollout")),
                    ])
            ])
        #expect(
            report.document == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites name="headgate" tests="4" failures="1" errors="1" time="1.250">
                  <testsuite name="wine" tests="4" failures="1" errors="1" skipped="1" time="1.250">
                    <testcase name="floor" classname="policy.quality" time="1.250"/>
                    <testcase name="drop" classname="policy.champion" time="0.000" file="policies.yaml" line="7">
                      <failure message="fell &lt; 1" type="failure">policies.yaml:7:3&#10;fell &lt; 1</failure>
                    </testcase>
                    <testcase name="age" classname="policy.age" time="0.000">
                      <error message="waits" type="error">for data</error>
                    </testcase>
                    <testcase name="later" classname="policy.later" time="0.000">
                      <skipped message="asked at rollout"/>
                    </testcase>
                  </testsuite>
                </testsuites>

                """)
    }
}
