// Written by policies/embed.py from policies/latency-budget; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let latencyBudget = Entry(
        name: "latency-budget", at: ["validate"], action: "deny",
        about: "Latency within a budget, and not much above the champion's.",
        reports: [],
        files: [
            "latency-budget/README.md":
            #"""
            # Latency budget

            The latency that a step measured must be within `most` and at most `growth` above the champion's. Say in the metric's
            name which quantile it is; measure at the concurrency that you serve at, on the machine that you serve on.

            | | |
            |---|---|
            | needs | the metric under `metric` |
            | not reported | `fail` |
            | the champion never reported it | only the budget counts |

            What real traffic says is [canary-health](../canary-health/README.md)'s.

            """#,
            "latency-budget/policy.yaml":
            #"""
            # Latency within a budget, and not much above the champion's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: latency-budget}
            spec:
              at: [validate]
              action: deny
              params:
                metric: latency_p99_ms      # a step measures it, in milliseconds
                most: 250                   # the budget
                growth: 0.2                 # the most above the champion's, as a share of it
              rules:
              - name: budget
                expression: params.metric in candidate.metrics && candidate.metrics[params.metric] <= params.most
                messageExpression: >-
                  params.metric in candidate.metrics
                  ? params.metric + ' ' + string(candidate.metrics[params.metric]) + ' is above the budget of '
                      + string(params.most)
                  : params.metric + ' is not reported'
              - name: growth
                expression: >-
                  champion == null
                  || !(params.metric in candidate.metrics && params.metric in champion.metrics)
                  || candidate.metrics[params.metric] <= (1.0 + double(params.growth)) * champion.metrics[params.metric]
                messageExpression: >-
                  params.metric + ' grew from ' + string(champion.metrics[params.metric]) + ' to '
                  + string(candidate.metrics[params.metric])

            """#,
            "latency-budget/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: latency-budget}
            spec:
              policy: latency-budget
              evidence: {champion: {metrics: {latency_p99_ms: 200}}}
              cases:
              - name: within the budget
                evidence: {candidate: {metrics: {latency_p99_ms: 200}}}
                expect: pass
                cost: 500
              - name: nothing served before
                evidence: {champion: null, candidate: {metrics: {latency_p99_ms: 200}}}
                expect: pass
              - name: the champion was never measured
                evidence: {champion: {metrics: {latency_p99_ms: null}}, candidate: {metrics: {latency_p99_ms: 200}}}
                expect: inconclusive
              - name: a champion from before it was measured
                params: {metric: other}
                evidence: {candidate: {metrics: {other: 1}}}
                expect: pass
              - name: above the budget
                evidence: {champion: null, candidate: {metrics: {latency_p99_ms: 9999}}}
                expect: {verdict: fail, matches: "^latency_p99_ms 9999 is above the budget"}
              - name: within the budget, but much more than before
                evidence: {champion: {metrics: {latency_p99_ms: 10}}, candidate: {metrics: {latency_p99_ms: 20}}}
                expect: {verdict: fail, message: "latency_p99_ms grew from 10 to 20"}
              - name: not measured fails
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: {verdict: fail, message: latency_p99_ms is not reported}

            """#,
        ])
}
