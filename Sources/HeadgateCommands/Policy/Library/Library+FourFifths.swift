// Written by policies/embed.py from policies/four-fifths; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let fourFifths = Entry(
        name: "four-fifths", at: ["validate"], action: "deny",
        about: "The four-fifths rule: no group is selected less than 80 % as often as the one selected most.",
        reports: [],
        files: [
            "four-fifths/README.md":
            #"""
            # The four-fifths rule

            No group with at least `minSize` rows may be selected less than `ratio` times as often as the group that is selected
            most; 0.8 is the rule of thumb of the United States' Uniform Guidelines on Employee Selection Procedures.

            | | |
            |---|---|
            | needs | metrics `groups.ATTRIBUTE.GROUP` with `n` and `selection_rate` |
            | fewer than two groups that are large enough | `fail` |
            | a group without the rate, or no groups of the attribute | `inconclusive` |

            """#,
            "four-fifths/policy.yaml":
            #"""
            # The four-fifths rule: no group is selected less than 80 % as often as the one selected most.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: four-fifths}
            spec:
              at: [validate]
              action: deny
              params:
                attribute: sex              # groups are metrics.groups.ATTRIBUTE.GROUP with selection_rate and n
                ratio: 0.8                  # the least share of the highest rate that every group must have
                minSize: 50                 # a smaller group is not judged
              variables:
              - name: groups
                expression: candidate.metrics.groups[params.attribute]
              - name: judged
                expression: variables.groups.map(g, g).filter(g, variables.groups[g].n >= params.minSize)
              - name: rates
                expression: variables.judged.map(g, double(variables.groups[g].selection_rate))
              rules:
              - name: groups
                expression: size(variables.judged) >= 2
                message: fewer than two groups are large enough to be compared
              - name: ratio
                expression: size(variables.judged) < 2 || variables.rates.min() >= double(params.ratio) * variables.rates.max()
                messageExpression: >-
                  'the lowest rate, ' + string(variables.rates.min()) + ', is less than ' + string(params.ratio)
                  + ' of the highest, ' + string(variables.rates.max())

            """#,
            "four-fifths/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: four-fifths}
            spec:
              policy: four-fifths
              cases:
              - name: at four fifths
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500, selection_rate: 0.4}, m: {n: 400, selection_rate: 0.5}}}}}}
                expect: pass
                cost: 1000
              - name: below four fifths
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500, selection_rate: 0.3}, m: {n: 400, selection_rate: 0.5}}}}}}
                expect: {verdict: fail, message: "the lowest rate, 0.3, is less than 0.8 of the highest, 0.5"}
              - name: one group is nobody's equal
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 5, selection_rate: 0.3}, m: {n: 400, selection_rate: 0.5}}}}}}
                expect: {verdict: fail, message: fewer than two groups are large enough to be compared}
              - name: a group without the rate cannot be told
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500}, m: {n: 400, selection_rate: 0.5}}}}}}
                expect: inconclusive

            """#,
        ])
}
