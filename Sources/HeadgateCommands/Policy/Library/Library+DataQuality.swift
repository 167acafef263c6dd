// Written by policies/embed.py from policies/data-quality; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let dataQuality = Entry(
        name: "data-quality", at: ["validate"], action: "deny",
        about: "A suite of tests of the data, of which all must pass.",
        reports: ["deepchecks", "evidently"],
        files: [
            "data-quality/README.md":
            #"""
            # Data quality

            Every test of the data must have passed. A check that could not run counts as failed, a warning too unless `warnings`
            is true; tests that were skipped do not count as having run.

            | | |
            |---|---|
            | needs | a step's report `quality` with `tests: [{name, status, description}]`, as a suite of Deepchecks or a report of Evidently becomes |
            | fewer than `leastTests` ran, or one under `required` did not | `fail` |
            | no report | `inconclusive` |

            ```python
            suite.run(train, test).save_as_json("quality.json")     # Deepchecks
            ```

            ```yaml
            reports: {quality: {file: quality.json, format: deepchecks}}
            ```

            """#,
            "data-quality/policy.yaml":
            #"""
            # A suite of tests of the data, of which all must pass.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: data-quality}
            spec:
              at: [validate]
              action: deny
              params:
                report: quality             # tests and counts, as reports of Deepchecks and Evidently become
                leastTests: 1               # how many tests must have run
                warnings: false             # whether a warning may pass
                required: []                # names of tests that must have run
              variables:
              - name: report
                expression: candidate.reports[params.report]
              - name: bad
                expression: >-
                  variables.report.tests.filter(t, t.status in ['fail', 'error'] || t.status == 'warn' && !params.warnings)
              rules:
              - name: ran
                expression: >-
                  size(variables.report.tests.filter(t, t.status != 'skipped')) >= params.leastTests
                  && params.required.all(n, variables.report.tests.exists(t, t.name == n && t.status != 'skipped'))
                message: too few tests ran, or a required one did not
              - name: passed
                expression: size(variables.bad) == 0
                messageExpression: variables.bad.map(t, t.name + ' (' + t.status + ')').join(', ')

            """#,
            "data-quality/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: data-quality}
            spec:
              policy: data-quality
              cases:
              - name: all passed
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: pass}]}}}}
                expect: pass
                cost: 500
              - name: a suite of Deepchecks with a condition that failed
                reports: {quality: {file: ../reports/deepchecks.json, format: deepchecks}}
                expect: {verdict: fail, matches: "^Feature Drift: categorical drift score < 0.2 .*[(]fail[)]$"}
              - name: a report of Evidently with tests that failed
                reports: {quality: {file: ../reports/evidently.json, format: evidently}}
                expect: {verdict: fail, message: "Value Drift for column alcohol (fail), Value Drift for column alcohol (fail)"}
              - name: a check that could not run is no check that passed
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: pass}, {name: outliers, status: error}]}}}}
                expect: {verdict: fail, message: outliers (error)}
              - name: a warning
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: warn}]}}}}
                expect: {verdict: fail, message: nulls (warn)}
              - name: a warning that may pass
                params: {warnings: true}
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: warn}]}}}}
                expect: pass
              - name: nothing ran
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: skipped}]}}}}
                expect: {verdict: fail, message: "too few tests ran, or a required one did not"}
              - name: a required test was skipped
                params: {required: [nulls]}
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: skipped}, {name: mix, status: pass}]}}}}
                expect: fail
              - name: a required test ran
                params: {required: [nulls]}
                evidence: {candidate: {reports: {quality: {tests: [{name: nulls, status: pass}]}}}}
                expect: pass
              - name: no report cannot be told
                evidence: {candidate: {reports: {}}}
                expect: {verdict: inconclusive, reason: candidate.reports.quality}

            """#,
        ])
}
