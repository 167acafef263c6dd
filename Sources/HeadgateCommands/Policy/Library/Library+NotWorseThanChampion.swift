// Written by policies/embed.py from policies/not-worse-than-champion; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let notWorseThanChampion = Entry(
        name: "not-worse-than-champion", at: ["validate"], action: "deny",
        about: "Metrics that may not be worse than the champion's.",
        reports: [],
        files: [
            "not-worse-than-champion/README.md":
            #"""
            # Not worse than the champion

            Compares each metric with that of the version that serves now. It may be worse by `absolute`, in the metric's unit, and
            by `relative`, a share of the champion's value; both limits must hold. `relative` is measured on the absolute value of
            the champion's metric, so that its sign does not matter and zero divides nothing. A negative limit demands a gain.

            | | |
            |---|---|
            | needs | metrics of those names of both versions |
            | nothing ever served | `pass`: there is nothing to be worse than. Guard the first version with [metric-floor](../metric-floor/README.md) |
            | a metric that one of them does not report | `fail` |
            | nobody knows what serves | `inconclusive` |

            ```yaml
            params:
              metrics:
                accuracy: {direction: higher, absolute: 0.01, relative: 0.02}
                latency_p99_ms: {direction: lower, absolute: 20, relative: 0.1}
            ```

            """#,
            "not-worse-than-champion/policy.yaml":
            #"""
            # Metrics that may not be worse than the champion's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: not-worse-than-champion}
            spec:
              at: [validate]
              action: deny
              params:
                # By metric: how much it may be worse than the champion's. Both limits must hold.
                # absolute in the metric's unit, relative as a share of the champion's value, direction higher or lower.
                metrics:
                  accuracy: {direction: higher, absolute: 0.01, relative: 0.02}
              variables:
              - name: names
                expression: params.metrics.map(m, m)
              - name: comparable
                expression: variables.names.filter(m, m in candidate.metrics && m in champion.metrics)
              rules:
              - name: reported
                expression: champion == null || size(variables.comparable) == size(variables.names)
                messageExpression: >-
                  'not reported by both: ' + variables.names.filter(m, !(m in variables.comparable)).join(', ')
              - name: absolute
                expression: >-
                  champion == null
                  || variables.comparable.all(m,
                      (candidate.metrics[m] - champion.metrics[m]) * (params.metrics[m].direction == 'lower' ? -1.0 : 1.0)
                      >= -double(params.metrics[m].absolute))
                messageExpression: >-
                  'worse than the champion: '
                  + variables.comparable.map(m, m + ' ' + string(champion.metrics[m]) + ' to ' + string(candidate.metrics[m]))
                      .join(', ')
              - name: relative
                expression: >-
                  champion == null
                  || variables.comparable.all(m,
                      (candidate.metrics[m] - champion.metrics[m]) * (params.metrics[m].direction == 'lower' ? -1.0 : 1.0)
                      >= -double(params.metrics[m].relative) * math.abs(champion.metrics[m]))
                messageExpression: >-
                  'worse than the champion, relatively: '
                  + variables.comparable.map(m, m + ' ' + string(champion.metrics[m]) + ' to ' + string(candidate.metrics[m]))
                      .join(', ')

            """#,
            "not-worse-than-champion/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: not-worse-than-champion}
            spec:
              policy: not-worse-than-champion
              evidence:
                champion: {metrics: {accuracy: 0.9, log_loss: 0.3}}
              cases:
              - name: nothing served before
                evidence: {candidate: {metrics: {accuracy: 0.5}}, champion: null}
                expect: pass
              - name: as good
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: pass
                cost: 2000
              - name: a little worse
                evidence: {candidate: {metrics: {accuracy: 0.895}}}
                expect: pass
              - name: worse by more than the absolute limit
                evidence: {candidate: {metrics: {accuracy: 0.885}}}
                expect:
                  verdict: fail
                  message: "worse than the champion: accuracy 0.9 to 0.885"
                  rules: {reported: pass, absolute: fail, relative: pass}
              - name: worse by more than the relative limit
                params: {metrics: {accuracy: {direction: higher, absolute: 1, relative: 0.01}}}
                evidence: {candidate: {metrics: {accuracy: 0.885}}}
                expect: {verdict: fail, message: "worse than the champion, relatively: accuracy 0.9 to 0.885"}
              - name: a metric that shall be low
                params: {metrics: {log_loss: {direction: lower, absolute: 0.05, relative: 0.2}}}
                evidence: {candidate: {metrics: {log_loss: 0.2}}}
                expect: pass
              - name: a metric that shall be low and rose
                params: {metrics: {log_loss: {direction: lower, absolute: 0.05, relative: 0.2}}}
                evidence: {candidate: {metrics: {log_loss: 0.4}}}
                expect: {verdict: fail, rules: {absolute: fail, relative: fail}}
              - name: the candidate does not report it
                evidence: {candidate: {metrics: {f1: 0.9}}}
                expect: {verdict: fail, message: "not reported by both: accuracy"}
              - name: the champion never reported it
                params: {metrics: {f1: {direction: higher, absolute: 0, relative: 0}, accuracy: {direction: higher, absolute: 0, relative: 0}}}
                evidence: {candidate: {metrics: {f1: 0.9, accuracy: 0.95}}}
                expect: {verdict: fail, message: "not reported by both: f1"}
              - name: a champion of zero is no division
                params: {metrics: {gain: {direction: higher, absolute: 0, relative: 0.1}}}
                evidence: {champion: {metrics: {gain: 0}}, candidate: {metrics: {gain: 0.1}}}
                expect: pass
              - name: NaN cannot be told
                evidence: {candidate: {metrics: {accuracy: null}}}
                expect: {verdict: inconclusive, reason: candidate.metrics.accuracy}

            """#,
        ])
}
