// Written by policies/embed.py from policies/metric-floor; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let metricFloor = Entry(
        name: "metric-floor", at: ["validate"], action: "deny",
        about: "Metrics that must reach a floor or stay below a ceiling.",
        reports: [],
        files: [
            "metric-floor/README.md":
            #"""
            # Metric floor

            Every metric under `floors` must be reported and reach its floor, and every one under `ceilings` must be reported and
            stay at or below its ceiling. Both bounds are inclusive.

            | | |
            |---|---|
            | needs | metrics of those names, from a step's `metrics` |
            | a metric that nobody reports | `fail`: what was not measured is not good enough |
            | a metric that is null, NaN or infinite | `inconclusive` |

            ```yaml
            params:
              floors: {accuracy: 0.9, macro_f1: 0.85}
              ceilings: {log_loss: 0.4}
            ```

            """#,
            "metric-floor/policy.yaml":
            #"""
            # Metrics that must reach a floor or stay below a ceiling.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: metric-floor}
            spec:
              at: [validate]
              action: deny
              params:
                floors: {accuracy: 0.9}     # by metric, inclusive
                ceilings: {}                # by metric, inclusive, for metrics that shall be low
              rules:
              - name: reported
                expression: >-
                  params.floors.all(m, m in candidate.metrics) && params.ceilings.all(m, m in candidate.metrics)
                messageExpression: >-
                  'not reported: '
                  + (params.floors.map(m, m) + params.ceilings.map(m, m)).filter(m, !(m in candidate.metrics)).join(', ')
              - name: floors
                expression: params.floors.all(m, !(m in candidate.metrics) || candidate.metrics[m] >= params.floors[m])
                messageExpression: >-
                  'below the floor: '
                  + params.floors.map(m, m)
                      .filter(m, m in candidate.metrics && candidate.metrics[m] < params.floors[m])
                      .map(m, m + ' ' + string(candidate.metrics[m]) + ' < ' + string(params.floors[m]))
                      .join(', ')
              - name: ceilings
                expression: params.ceilings.all(m, !(m in candidate.metrics) || candidate.metrics[m] <= params.ceilings[m])
                messageExpression: >-
                  'above the ceiling: '
                  + params.ceilings.map(m, m)
                      .filter(m, m in candidate.metrics && candidate.metrics[m] > params.ceilings[m])
                      .map(m, m + ' ' + string(candidate.metrics[m]) + ' > ' + string(params.ceilings[m]))
                      .join(', ')

            """#,
            "metric-floor/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: metric-floor}
            spec:
              policy: metric-floor
              cases:
              - name: at the floor
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: pass
                cost: 1000
              - name: below the floor
                evidence: {candidate: {metrics: {accuracy: 0.85}}}
                expect: {verdict: fail, message: "below the floor: accuracy 0.85 < 0.9", rules: {floors: fail, reported: pass}}
              - name: a metric that nobody reports fails
                evidence: {candidate: {metrics: {acuracy: 0.95}}}
                expect: {verdict: fail, message: "not reported: accuracy", rules: {floors: pass}}
              - name: a metric that is null cannot be told
                evidence: {candidate: {metrics: {accuracy: null}}}
                expect: {verdict: inconclusive, matches: "waits for candidate.metrics.accuracy"}
              - name: below the ceiling
                params: {ceilings: {log_loss: 0.4}}
                evidence: {candidate: {metrics: {accuracy: 0.95, log_loss: 0.3}}}
                expect: pass
              - name: above the ceiling, and one below its floor is told first
                params: {ceilings: {log_loss: 0.4}}
                evidence: {candidate: {metrics: {accuracy: 0.85, log_loss: 0.5}}}
                expect: {verdict: fail, rules: {floors: fail, ceilings: fail}}
              - name: above the ceiling
                params: {ceilings: {log_loss: 0.4, ece: 0.1}}
                evidence: {candidate: {metrics: {accuracy: 0.95, log_loss: 0.5, ece: 0.05}}}
                expect: {verdict: fail, message: "above the ceiling: log_loss 0.5 > 0.4"}
              - name: a ceiling's metric that nobody reports fails
                params: {floors: {accuracy: 0.9, f1: 0.8}, ceilings: {log_loss: 0.4, ece: 0.1}}
                evidence: {candidate: {metrics: {accuracy: 0.95, f1: 0.9, ece: 0.05}}}
                expect: {verdict: fail, message: "not reported: log_loss", rules: {ceilings: pass}}
              - name: one ceiling is passed and another metric is not reported
                params: {ceilings: {log_loss: 0.4, ece: 0.1}}
                evidence: {candidate: {metrics: {accuracy: 0.95, log_loss: 0.5}}}
                expect: {verdict: fail, rules: {reported: fail, ceilings: fail}}
              - name: one of two is below its floor
                params: {floors: {accuracy: 0.9, f1: 0.8, auc: 0.9}}
                evidence: {candidate: {metrics: {accuracy: 0.95, f1: 0.7}}}
                expect: {verdict: fail, message: "not reported: auc", rules: {floors: fail}}

            """#,
        ])
}
