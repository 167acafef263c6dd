// Written by policies/embed.py from policies/size-budget; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let sizeBudget = Entry(
        name: "size-budget", at: ["validate"], action: "deny",
        about: "The artifact's size within a budget, and not much above the champion's.",
        reports: [],
        files: [
            "size-budget/README.md":
            #"""
            # Size budget

            The artifact's bytes must be within `most`, a quantity such as `500Mi` or `2G`, and at most `growth` above the
            champion's. Headgate counts the bytes itself; nothing needs to be reported.

            """#,
            "size-budget/policy.yaml":
            #"""
            # The artifact's size within a budget, and not much above the champion's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: size-budget}
            spec:
              at: [validate]
              action: deny
              params:
                most: 500Mi                 # the artifact's bytes, as Kubernetes writes quantities
                growth: 0.5                 # the most above the champion's, as a share of it
              rules:
              - name: budget
                expression: "!quantity(string(candidate.size)).isGreaterThan(quantity(params.most))"
                messageExpression: "string(candidate.size) + ' bytes are more than ' + params.most"
              - name: growth
                expression: champion == null || double(candidate.size) <= (1.0 + double(params.growth)) * double(champion.size)
                messageExpression: "'the artifact grew from ' + string(champion.size) + ' to ' + string(candidate.size) + ' bytes'"

            """#,
            "size-budget/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: size-budget}
            spec:
              policy: size-budget
              cases:
              - name: small
                evidence: {candidate: {size: 1000}, champion: {size: 1000}}
                expect: pass
                cost: 200
              - name: nothing served before
                evidence: {candidate: {size: 524288000}, champion: null}
                expect: pass
              - name: too large
                evidence: {candidate: {size: 524288001}, champion: null}
                expect: {verdict: fail, message: 524288001 bytes are more than 500Mi}
              - name: twice as large as before
                evidence: {candidate: {size: 2000}, champion: {size: 1000}}
                expect: {verdict: fail, message: the artifact grew from 1000 to 2000 bytes}

            """#,
        ])
}
