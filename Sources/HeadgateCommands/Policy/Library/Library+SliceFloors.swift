// Written by policies/embed.py from policies/slice-floors; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let sliceFloors = Entry(
        name: "slice-floors", at: ["validate"], action: "deny",
        about: "Metrics that must reach a floor in every slice of the data.",
        reports: [],
        files: [
            "slice-floors/README.md":
            #"""
            # Floors by slice

            A model that is good on average may be bad for some. Every slice under `floors` must reach its floors, and every value
            under `required` must be there with at least `minSize` rows. Slices with fewer rows are not judged, since chance decides
            them.

            | | |
            |---|---|
            | needs | metrics `slices.FEATURE.VALUE` with `n` and the metrics of that slice |
            | no slices of a feature, a required slice missing or too small, a metric missing in a slice | `fail` |
            | no `slices` at all | `inconclusive` |

            ```json
            {"accuracy": 0.93, "slices": {"country": {"de": {"n": 420, "accuracy": 0.94}, "fr": {"n": 310, "accuracy": 0.91}}}}
            ```

            """#,
            "slice-floors/policy.yaml":
            #"""
            # Metrics that must reach a floor in every slice of the data.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: slice-floors}
            spec:
              at: [validate]
              action: deny
              params:
                # By feature and metric, each slice's floor; a slice is metrics.slices.FEATURE.VALUE with its size n.
                floors:
                  country: {accuracy: 0.8}
                required: {country: [de, fr]}   # values that must be there
                minSize: 30                     # a smaller slice is not judged; a required one must be as large
              variables:
              - name: slices
                expression: candidate.metrics.slices
              - name: low
                expression: >-
                  params.floors.map(f,
                          f in variables.slices
                          ? variables.slices[f].map(v, v)
                              .filter(v,
                                  variables.slices[f][v].n >= params.minSize
                                  && !params.floors[f].all(m,
                                      m in variables.slices[f][v] && variables.slices[f][v][m] >= params.floors[f][m]))
                              .map(v, f + '=' + v)
                          : [])
                      .flatten()
              rules:
              - name: features
                expression: params.floors.all(f, f in variables.slices)
                messageExpression: "'no slices of ' + params.floors.map(f, f).filter(f, !(f in variables.slices)).join(', ')"
              - name: required
                expression: >-
                  params.required.all(f,
                      f in variables.slices
                      && params.required[f].all(v, v in variables.slices[f] && variables.slices[f][v].n >= params.minSize))
                message: a required slice is missing or too small
              - name: floors
                expression: size(variables.low) == 0
                messageExpression: "'below the floor: ' + variables.low.join(', ')"

            """#,
            "slice-floors/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: slice-floors}
            spec:
              policy: slice-floors
              cases:
              - name: every slice is good enough
                evidence:
                  candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 90, accuracy: 0.8}}}}}
                expect: pass
                cost: 2000
              - name: one slice is worse
                evidence:
                  candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 90, accuracy: 0.7}}}}}
                expect: {verdict: fail, message: "below the floor: country=fr"}
              - name: a slice that lacks the metric
                evidence:
                  candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 90, f1: 0.9}}}}}
                expect: {verdict: fail, message: "below the floor: country=fr"}
              - name: a small slice is not judged
                evidence:
                  candidate:
                    metrics:
                      slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 90, accuracy: 0.9}, mt: {n: 3, accuracy: 0.3}}}
                expect: pass
              - name: a required slice is missing
                evidence: {candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}}}}}}
                expect: {verdict: fail, message: a required slice is missing or too small}
              - name: a required slice is too small
                evidence:
                  candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 3, accuracy: 0.9}}}}}
                expect: {verdict: fail, rules: {required: fail, floors: pass}}
              - name: no slices of the feature
                evidence: {candidate: {metrics: {slices: {region: {north: {n: 100, accuracy: 0.9}}}}}}
                expect: {verdict: fail, message: no slices of country}
              - name: one of two features has no slices
                params: {floors: {country: {accuracy: 0.8}, region: {accuracy: 0.8}}}
                evidence:
                  candidate: {metrics: {slices: {country: {de: {n: 100, accuracy: 0.9}, fr: {n: 90, accuracy: 0.9}}}}}
                expect: {verdict: fail, message: no slices of region}
              - name: no slices at all
                evidence: {candidate: {metrics: {accuracy: 0.9}}}
                expect: {verdict: inconclusive, reason: candidate.metrics.slices}

            """#,
        ])
}
