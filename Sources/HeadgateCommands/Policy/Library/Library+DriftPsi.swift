// Written by policies/embed.py from policies/drift-psi; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let driftPsi = Entry(
        name: "drift-psi", at: ["validate"], action: "deny",
        about: "Input columns whose population stability index says that they have drifted.",
        reports: ["evidently"],
        files: [
            "drift-psi/README.md":
            #"""
            # Drift by PSI

            The population stability index of each column that was compared must be at most `most`; up to `share` of them may be
            above. Below 0.1 a column counts as stable, above 0.2 or 0.25 people act.

            | | |
            |---|---|
            | needs | a step's report `drift` with `columns: [{name, method: psi, score}]` |
            | no column was compared this way, or one under `columns` was not | `fail` |
            | no report | `inconclusive` |

            With Evidently:

            ```python
            report = Report([ValueDrift(column=c, method="psi") for c in columns]).run(current, reference)
            report.save_json("drift.json")
            ```

            ```yaml
            reports: {drift: {file: drift.json, format: evidently}}
            ```

            """#,
            "drift-psi/policy.yaml":
            #"""
            # Input columns whose population stability index says that they have drifted.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: drift-psi}
            spec:
              at: [validate]
              action: deny
              params:
                report: drift               # columns: [{name, method, score}], as Evidently's reports become
                most: 0.2                   # the population stability index from which one acts
                columns: []                 # columns that must have been compared
                share: 0.0                  # the share of columns that may have drifted
              variables:
              - name: compared
                expression: candidate.reports[params.report].columns.filter(c, c.method == 'psi')
              - name: drifted
                expression: variables.compared.filter(c, c.score > params.most)
              rules:
              - name: compared
                expression: >-
                  size(variables.compared) > 0 && params.columns.all(n, variables.compared.exists(c, c.name == n))
                messageExpression: >-
                  'not compared by PSI: '
                  + (size(variables.compared) > 0
                      ? params.columns.filter(n, !variables.compared.exists(c, c.name == n)).join(', ')
                      : 'any column')
              - name: stable
                expression: double(size(variables.drifted)) <= double(params.share) * double(size(variables.compared))
                messageExpression: >-
                  'drifted: ' + variables.drifted.map(c, c.name + ' by ' + string(c.score)).join(', ')

            """#,
            "drift-psi/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: drift-psi}
            spec:
              policy: drift-psi
              cases:
              - name: stable
                evidence: {candidate: {reports: {drift: {columns: [{name: hue, method: psi, score: 0.02}]}}}}
                expect: pass
                cost: 500
              - name: drifted, by a report of Evidently
                reports: {drift: {file: ../reports/evidently.json, format: evidently}}
                expect: {verdict: fail, matches: "^drifted: alcohol by 1.66"}
              - name: drifted less than one accepts
                params: {most: 2}
                reports: {drift: {file: ../reports/evidently.json, format: evidently}}
                expect: pass
              - name: some may drift
                params: {share: 0.5}
                evidence:
                  candidate:
                    reports:
                      drift: {columns: [{name: hue, method: psi, score: 0.02}, {name: alcohol, method: psi, score: 0.5}]}
                expect: pass
              - name: a column was not compared
                params: {columns: [hue, alcohol]}
                evidence: {candidate: {reports: {drift: {columns: [{name: hue, method: psi, score: 0.02}]}}}}
                expect: {verdict: fail, message: "not compared by PSI: alcohol"}
              - name: nothing was compared this way
                evidence: {candidate: {reports: {drift: {columns: [{name: hue, method: ks_p, score: 0.02}]}}}}
                expect: {verdict: fail, message: "not compared by PSI: any column"}
              - name: no report cannot be told
                evidence: {candidate: {reports: {}}}
                expect: {verdict: inconclusive, reason: candidate.reports.drift}

            """#,
        ])
}
