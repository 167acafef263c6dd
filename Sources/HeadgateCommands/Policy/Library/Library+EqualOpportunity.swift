// Written by policies/embed.py from policies/equal-opportunity; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let equalOpportunity = Entry(
        name: "equal-opportunity", at: ["validate"], action: "deny",
        about: "Groups whose members who qualify are selected about as often.",
        reports: [],
        files: [
            "equal-opportunity/README.md":
            #"""
            # Equal opportunity

            The share of each group's members with a positive label that the model selects may differ by at most `gap` between any two groups
            with at least `minSize` rows.

            | | |
            |---|---|
            | needs | metrics `groups.ATTRIBUTE.GROUP` with `n` and `true_positive_rate` |
            | fewer than two groups that are large enough | `fail` |
            | a group without the rate, or no groups of the attribute | `inconclusive` |

            ```json
            {"groups": {"sex": {"f": {"n": 500, "true_positive_rate": 0.50}, "m": {"n": 480, "true_positive_rate": 0.47}}}}
            ```

            A gap of rates is one measure of fairness among several that exclude each other; which one is right is for people to
            say. Neither tells why the rates differ.

            """#,
            "equal-opportunity/policy.yaml":
            #"""
            # Groups whose members who qualify are selected about as often.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: equal-opportunity}
            spec:
              at: [validate]
              action: deny
              params:
                attribute: sex              # groups are metrics.groups.ATTRIBUTE.GROUP with true_positive_rate and n
                gap: 0.1                    # the most between the highest and the lowest rate
                minSize: 50                 # a smaller group is not judged
              variables:
              - name: groups
                expression: candidate.metrics.groups[params.attribute]
              - name: judged
                expression: variables.groups.map(g, g).filter(g, variables.groups[g].n >= params.minSize)
              - name: rates
                expression: variables.judged.map(g, double(variables.groups[g].true_positive_rate))
              rules:
              - name: groups
                expression: size(variables.judged) >= 2
                message: fewer than two groups are large enough to be compared
              - name: gap
                expression: size(variables.judged) < 2 || variables.rates.max() - variables.rates.min() <= params.gap
                messageExpression: >-
                  'rates from ' + string(variables.rates.min()) + ' to ' + string(variables.rates.max()) + ' differ by more than '
                  + string(params.gap)

            """#,
            "equal-opportunity/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: equal-opportunity}
            spec:
              policy: equal-opportunity
              cases:
              - name: about equal
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500, true_positive_rate: 0.5}, m: {n: 400, true_positive_rate: 0.45}}}}}}
                expect: pass
                cost: 1000
              - name: a wide gap
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500, true_positive_rate: 0.25}, m: {n: 400, true_positive_rate: 0.75}}}}}}
                expect: {verdict: fail, message: "rates from 0.25 to 0.75 differ by more than 0.1"}
              - name: a small group is not judged, and one is nobody's equal
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 10, true_positive_rate: 0.25}, m: {n: 400, true_positive_rate: 0.75}}}}}}
                expect: {verdict: fail, message: fewer than two groups are large enough to be compared}
              - name: a group without the rate cannot be told
                evidence: {candidate: {metrics: {groups: {sex: {f: {n: 500}, m: {n: 400, true_positive_rate: 0.75}}}}}}
                expect: {verdict: inconclusive, reason: true_positive_rate}
              - name: no groups of the attribute cannot be told
                evidence: {candidate: {metrics: {groups: {age: {}}}}}
                expect: {verdict: inconclusive, reason: candidate.metrics.groups.sex}

            """#,
        ])
}
