// Written by policies/embed.py from policies/memory-budget; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let memoryBudget = Entry(
        name: "memory-budget", at: ["validate"], action: "deny",
        about: "Memory within a budget, and not much above the champion's.",
        reports: [],
        files: [
            "memory-budget/README.md":
            #"""
            # Memory budget

            The memory that a step measured must be within `most` and at most `growth` above the champion's. A step can load the
            model as the server does and report the peak of its resident set:

            ```python
            import resource
            peak_memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            ```

            | | |
            |---|---|
            | needs | the metric under `metric` |
            | not reported | `fail` |
            | the champion never reported it | only the budget counts |

            """#,
            "memory-budget/policy.yaml":
            #"""
            # Memory within a budget, and not much above the champion's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: memory-budget}
            spec:
              at: [validate]
              action: deny
              params:
                metric: peak_memory_mb      # a step measures it, in megabytes
                most: 2048                   # the budget
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
            "memory-budget/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: memory-budget}
            spec:
              policy: memory-budget
              evidence: {champion: {metrics: {peak_memory_mb: 2000}}}
              cases:
              - name: within the budget
                evidence: {candidate: {metrics: {peak_memory_mb: 2000}}}
                expect: pass
                cost: 500
              - name: nothing served before
                evidence: {champion: null, candidate: {metrics: {peak_memory_mb: 2000}}}
                expect: pass
              - name: the champion was never measured
                evidence: {champion: {metrics: {peak_memory_mb: null}}, candidate: {metrics: {peak_memory_mb: 2000}}}
                expect: inconclusive
              - name: a champion from before it was measured
                params: {metric: other}
                evidence: {candidate: {metrics: {other: 1}}}
                expect: pass
              - name: above the budget
                evidence: {champion: null, candidate: {metrics: {peak_memory_mb: 9999}}}
                expect: {verdict: fail, matches: "^peak_memory_mb 9999 is above the budget"}
              - name: within the budget, but much more than before
                evidence: {champion: {metrics: {peak_memory_mb: 10}}, candidate: {metrics: {peak_memory_mb: 20}}}
                expect: {verdict: fail, message: "peak_memory_mb grew from 10 to 20"}
              - name: not measured fails
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: {verdict: fail, message: peak_memory_mb is not reported}

            """#,
        ])
}
