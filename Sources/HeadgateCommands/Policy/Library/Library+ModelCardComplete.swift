// Written by policies/embed.py from policies/model-card-complete; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let modelCardComplete = Entry(
        name: "model-card-complete", at: ["validate"], action: "deny",
        about: "A model card that says what it must.",
        reports: [],
        files: [
            "model-card-complete/README.md":
            #"""
            # Complete model card

            The model card must say something under every field of `required`: a field that is missing, empty, `TODO` or `TBD` says
            nothing.

            | | |
            |---|---|
            | needs | a step's report `card`, the model card as JSON |
            | no report | `inconclusive` |

            A card in YAML in the repository becomes JSON in one step:

            ```yaml
            - name: card
              command: [python3, -c, "import json, yaml; json.dump(yaml.safe_load(open('card.yaml')), open('card.json', 'w'))"]
              inputs: [card.yaml]
              reports: {card: {file: card.json}}
            ```

            """#,
            "model-card-complete/policy.yaml":
            #"""
            # A model card that says what it must.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: model-card-complete}
            spec:
              at: [validate]
              action: deny
              params:
                report: card                # the model card as JSON
                required: [name, owner, intended_use, limitations, training_data, evaluation, licence]
              variables:
              - name: card
                expression: candidate.reports[params.report]
              - name: missing
                expression: >-
                  params.required.filter(f, !(f in variables.card) || variables.card[f] in ['', 'TODO', 'TBD', [], {}])
              rules:
              - name: complete
                expression: size(variables.missing) == 0
                messageExpression: "'the model card says nothing about ' + variables.missing.join(', ')"

            """#,
            "model-card-complete/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: model-card-complete}
            spec:
              policy: model-card-complete
              evidence:
                candidate:
                  reports:
                    card:
                      name: wine
                      owner: cellar
                      intended_use: Grading wines of this cellar.
                      limitations: [red wines only]
                      training_data: {rows: 178}
                      evaluation: {accuracy: 0.93}
                      licence: MIT
              cases:
              - name: complete
                expect: pass
                cost: 500
              - name: an empty field
                evidence: {candidate: {reports: {card: {limitations: []}}}}
                expect: {verdict: fail, message: the model card says nothing about limitations}
              - name: a field that is missing
                params: {required: [name, contact]}
                expect: {verdict: fail, message: the model card says nothing about contact}
              - name: no card cannot be told
                evidence: {candidate: {reports: {card: null}}}
                expect: {verdict: inconclusive, reason: candidate.reports.card}

            """#,
        ])
}
