// Written by policies/embed.py from policies/drift-ks; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let driftKs = Entry(
        name: "drift-ks", at: ["validate"], action: "deny",
        about: "Input columns that the test of Kolmogorov and Smirnov says have drifted.",
        reports: ["deepchecks", "evidently"],
        files: [
            "drift-ks/README.md":
            #"""
            # Drift by Kolmogorov and Smirnov

            The test of Kolmogorov and Smirnov must not find that a column has drifted: by a p-value below `leastP`, as Evidently
            reports it (`ks_p`), or by a distance above `mostD`, as Deepchecks does (`ks`). With many thousand rows the p-value
            calls any difference significant; then use the distance or [drift-psi](../drift-psi/README.md).

            | | |
            |---|---|
            | needs | a step's report `drift` with `columns: [{name, method: ks or ks_p, score}]` |
            | no column was compared this way, or one under `columns` was not | `fail` |
            | no report | `inconclusive` |

            """#,
            "drift-ks/policy.yaml":
            #"""
            # Input columns that the test of Kolmogorov and Smirnov says have drifted.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: drift-ks}
            spec:
              at: [validate]
              action: deny
              params:
                report: drift               # columns: [{name, method, score}], as Evidently's and Deepchecks' reports become
                leastP: 0.01                # a p-value below it says that a column has drifted; with many rows little drift does
                mostD: 0.2                  # a distance above it says so too
                columns: []                 # columns that must have been compared
              variables:
              - name: compared
                expression: candidate.reports[params.report].columns.filter(c, c.method in ['ks', 'ks_p'])
              - name: drifted
                expression: >-
                  variables.compared.filter(c, c.method == 'ks' ? c.score > params.mostD : c.score < params.leastP)
              rules:
              - name: compared
                expression: >-
                  size(variables.compared) > 0 && params.columns.all(n, variables.compared.exists(c, c.name == n))
                messageExpression: >-
                  'not compared by Kolmogorov and Smirnov: '
                  + (size(variables.compared) > 0
                      ? params.columns.filter(n, !variables.compared.exists(c, c.name == n)).join(', ')
                      : 'any column')
              - name: stable
                expression: size(variables.drifted) == 0
                messageExpression: >-
                  'drifted: '
                  + variables.drifted.map(c, c.name + (c.method == 'ks' ? ' by ' : ', p = ') + string(c.score)).join(', ')

            """#,
            "drift-ks/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: drift-ks}
            spec:
              policy: drift-ks
              cases:
              - name: stable
                evidence:
                  candidate:
                    reports: {drift: {columns: [{name: hue, method: ks_p, score: 0.4}, {name: alcohol, method: ks, score: 0.1}]}}
                expect: pass
                cost: 500
              - name: drifted by p-value, by a report of Evidently
                reports: {drift: {file: ../reports/evidently.json, format: evidently}}
                expect: {verdict: fail, matches: "^drifted: alcohol, p = 4.3"}
              - name: drifted by distance, by a suite of Deepchecks
                reports: {drift: {file: ../reports/deepchecks.json, format: deepchecks}}
                expect: {verdict: fail, message: "drifted: alcohol by 0.6925"}
              - name: a column was not compared
                params: {columns: [hue, alcohol]}
                evidence: {candidate: {reports: {drift: {columns: [{name: hue, method: ks_p, score: 0.4}]}}}}
                expect: {verdict: fail, message: "not compared by Kolmogorov and Smirnov: alcohol"}
              - name: nothing was compared this way
                evidence: {candidate: {reports: {drift: {columns: [{name: hue, method: psi, score: 0.02}]}}}}
                expect: {verdict: fail, message: "not compared by Kolmogorov and Smirnov: any column"}
              - name: no report cannot be told
                evidence: {candidate: {reports: {}}}
                expect: {verdict: inconclusive, reason: candidate.reports.drift}

            """#,
        ])
}
