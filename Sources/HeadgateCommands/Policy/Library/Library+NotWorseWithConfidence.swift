// Written by policies/embed.py from policies/not-worse-with-confidence; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let notWorseWithConfidence = Entry(
        name: "not-worse-with-confidence", at: ["validate"], action: "deny",
        about: "Metrics whose confidence interval rules out that they are worse than the champion's.",
        reports: [],
        files: [
            "not-worse-with-confidence/README.md":
            #"""
            # Not worse, with confidence

            Passes only when the confidence intervals rule out that a metric is worse than the champion's by more than `tolerance`.
            The margin of the difference is √(a² + b²), a and b being half the widths of the two intervals, as for two independent
            estimates whose errors are about normal. It is a test of non-inferiority: a wide interval fails, for it shows nothing.

            | | |
            |---|---|
            | needs | for each metric `m` a second one `m_ci: [low, high]`, by bootstrap or otherwise, of both versions |
            | nothing ever served | `pass` |
            | no metric or no interval of either | `fail` |

            A step that reports them:

            ```python
            low, high = numpy.quantile([accuracy(resample()) for _ in range(2000)], [0.025, 0.975])
            json.dump({"accuracy": accuracy(test), "accuracy_ci": [low, high]}, open("metrics.json", "w"))
            ```

            """#,
            "not-worse-with-confidence/policy.yaml":
            #"""
            # Metrics whose confidence interval rules out that they are worse than the champion's.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: not-worse-with-confidence}
            spec:
              at: [validate]
              action: deny
              params:
                metrics: [accuracy]
                direction: higher           # or lower, for metrics that shall be low
                tolerance: 0.01             # how much worse the metric may be
                interval: _ci               # accuracy's interval is the metric accuracy_ci, [low, high]
              variables:
              - name: reported
                expression: >-
                  params.metrics.filter(m,
                      m + params.interval in candidate.metrics
                      && m + params.interval in champion.metrics
                      && m in candidate.metrics
                      && m in champion.metrics)
              - name: margins
                expression: >-
                  variables.reported.map(m,
                      cel.bind(a, candidate.metrics[m + params.interval],
                      cel.bind(b, champion.metrics[m + params.interval],
                      math.sqrt((a[1] - a[0]) * (a[1] - a[0]) + (b[1] - b[0]) * (b[1] - b[0])) / 2.0)))
              - name: gains
                expression: >-
                  variables.reported.map(m,
                      (candidate.metrics[m] - champion.metrics[m]) * (params.direction == 'lower' ? -1.0 : 1.0))
              rules:
              - name: reported
                expression: champion == null || size(variables.reported) == size(params.metrics)
                messageExpression: >-
                  'not reported by both with an interval: ' + params.metrics.filter(m, !(m in variables.reported)).join(', ')
              - name: beyond doubt
                expression: >-
                  champion == null
                  || lists.range(size(variables.reported))
                      .all(i, variables.gains[i] - variables.margins[i] >= -double(params.tolerance))
                messageExpression: >-
                  'not shown to be within ' + string(params.tolerance) + ' of the champion: '
                  + lists.range(size(variables.reported))
                      .map(i, variables.reported[i] + ' gains ' + string(variables.gains[i]) + ' ± ' + string(variables.margins[i]))
                      .join(', ')

            """#,
            "not-worse-with-confidence/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: not-worse-with-confidence}
            spec:
              policy: not-worse-with-confidence
              evidence:
                champion: {metrics: {accuracy: 0.9, accuracy_ci: [0.897, 0.903]}}
              cases:
              - name: nothing served before
                evidence: {champion: null, candidate: {metrics: {accuracy: 0.5}}}
                expect: pass
              - name: as good, narrow intervals
                evidence: {candidate: {metrics: {accuracy: 0.9, accuracy_ci: [0.896, 0.904]}}}
                expect: pass
                cost: 2000
              - name: as good, but nobody can tell from so few samples
                evidence: {candidate: {metrics: {accuracy: 0.9, accuracy_ci: [0.85, 0.95]}}}
                expect: {verdict: fail, matches: "^not shown to be within 0.01 of the champion: accuracy gains 0 ± 0.05"}
              - name: worse beyond doubt
                evidence: {candidate: {metrics: {accuracy: 0.85, accuracy_ci: [0.848, 0.852]}}}
                expect: {verdict: fail, rules: {reported: pass, beyond doubt: fail}}
              - name: a metric that shall be low
                params: {metrics: [loss], direction: lower}
                evidence:
                  champion: {metrics: {loss: 0.3, loss_ci: [0.299, 0.301]}}
                  candidate: {metrics: {loss: 0.25, loss_ci: [0.249, 0.251]}}
                expect: pass
              - name: no interval
                evidence: {candidate: {metrics: {accuracy: 0.95}}}
                expect: {verdict: fail, message: "not reported by both with an interval: accuracy"}
              - name: the champion has no interval
                params: {metrics: [f1, accuracy]}
                evidence:
                  champion: {metrics: {f1: 0.9}}
                  candidate: {metrics: {f1: 0.9, f1_ci: [0.899, 0.901], accuracy: 0.95, accuracy_ci: [0.949, 0.951]}}
                expect: {verdict: fail, message: "not reported by both with an interval: f1"}
              - name: intervals without the metric
                evidence: {candidate: {metrics: {accuracy_ci: [0.94, 0.96]}}}
                expect: fail
              - name: intervals without the champion's metric
                evidence:
                  champion: {metrics: {f1_ci: [0.8, 0.9]}}
                  candidate: {metrics: {f1: 0.9, f1_ci: [0.899, 0.901]}}
                params: {metrics: [f1]}
                expect: fail

            """#,
        ])
}
