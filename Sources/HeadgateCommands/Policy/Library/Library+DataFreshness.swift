// Written by policies/embed.py from policies/data-freshness; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let dataFreshness = Entry(
        name: "data-freshness", at: ["validate"], action: "deny",
        about: "Training data that is not too old.",
        reports: [],
        files: [
            "data-freshness/README.md":
            #"""
            # Fresh data

            The newest row that the pipeline read must be at most `maxAge` old when the version is released, and not from the
            future. It reads `now`, so it is asked again at each admission: a candidate that waits too long goes stale. Going back
            to an earlier version is always allowed.

            | | |
            |---|---|
            | needs | a step's report `data` with `until`, a time such as `2026-03-01T00:00:00Z` |
            | no such time, or none that one can read | `inconclusive` |

            """#,
            "data-freshness/policy.yaml":
            #"""
            # Training data that is not too old.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: data-freshness}
            spec:
              at: [validate]
              action: deny
              params:
                report: data                # {until: "2026-03-01T00:00:00Z"}: the time of the newest row that was read
                maxAge: 168h
              variables:
              - name: until
                expression: timestamp(candidate.reports[params.report].until)
              rules:
              - name: fresh
                # Going back is always allowed: an old version was made of old data.
                expression: restoring || now - variables.until <= duration(params.maxAge)
                messageExpression: "'the newest data is of ' + string(variables.until) + ', older than ' + params.maxAge"
              - name: not from the future
                expression: restoring || variables.until <= now + duration('1h')
                messageExpression: "'the data claims to be of ' + string(variables.until)"

            """#,
            "data-freshness/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: data-freshness}
            spec:
              policy: data-freshness
              evidence: {now: "2026-03-10T12:00:00Z"}
              cases:
              - name: of yesterday
                evidence: {candidate: {reports: {data: {until: "2026-03-09T00:00:00Z"}}}}
                expect: pass
                cost: 100
              - name: of last month
                evidence: {candidate: {reports: {data: {until: "2026-02-09T00:00:00Z"}}}}
                expect: {verdict: fail, message: "the newest data is of 2026-02-09T00:00:00Z, older than 168h"}
              - name: of last month, and restored
                evidence: {restoring: true, candidate: {reports: {data: {until: "2026-02-09T00:00:00Z"}}}}
                expect: pass
              - name: of next year
                evidence: {candidate: {reports: {data: {until: "2027-02-09T00:00:00Z"}}}}
                expect: {verdict: fail, message: "the data claims to be of 2027-02-09T00:00:00Z"}
              - name: no time at all
                evidence: {candidate: {reports: {data: {}}}}
                expect: {verdict: inconclusive, reason: candidate.reports.data.until}
              - name: no time that one can read
                evidence: {candidate: {reports: {data: {until: yesterday}}}}
                expect: inconclusive

            """#,
        ])
}
