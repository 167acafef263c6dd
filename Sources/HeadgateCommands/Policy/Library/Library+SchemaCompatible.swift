// Written by policies/embed.py from policies/schema-compatible; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let schemaCompatible = Entry(
        name: "schema-compatible", at: ["validate"], action: "deny",
        about: "Inputs and outputs that the champion's clients can go on using.",
        reports: [],
        files: [
            "schema-compatible/README.md":
            #"""
            # Compatible schema

            Clients of the champion must be able to go on: every input that it takes is still taken with the same type and shape, no
            new input is required, and every output that it gives is still given with the same type and shape. New outputs and new
            inputs that may be left out are fine.

            | | |
            |---|---|
            | needs | a step's report `schema`: `{inputs: [{name, datatype, shape, required}], outputs: [{name, datatype, shape}]}` |
            | `required` left out | the input is required |
            | nothing ever served | `pass` |
            | no report of either version | `inconclusive` |

            The Open Inference Protocol's `GET /v2/models/NAME` answers in that form, so a step that starts the server can keep the
            answer as it is:

            ```yaml
            reports: {schema: {file: schema.json}}
            ```

            """#,
            "schema-compatible/fixtures/same.yaml":
            #"""
            # What Open Inference servers say of a model, and MLflow's signatures, are easily written this way.
            candidate:
              reports:
                schema:
                  inputs:
                  - {name: x, datatype: FP32, shape: [-1, 13]}
                  - {name: id, datatype: BYTES, shape: [1], required: false}
                  outputs:
                  - {name: y, datatype: INT64, shape: [-1]}
                  - {name: p, datatype: FP32, shape: [-1, 3]}

            """#,
            "schema-compatible/policy.yaml":
            #"""
            # Inputs and outputs that the champion's clients can go on using.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: schema-compatible}
            spec:
              at: [validate]
              action: deny
              params:
                report: schema              # {inputs: [{name, datatype, shape, required}], outputs: [{name, datatype, shape}]}
              variables:
              - name: new
                expression: candidate.reports[params.report]
              - name: old
                expression: champion.reports[params.report]
              rules:
              - name: inputs are understood
                expression: >-
                  champion == null
                  || variables.old.inputs.all(o,
                      variables.new.inputs.exists(n, n.name == o.name && n.datatype == o.datatype && n.shape == o.shape))
                messageExpression: >-
                  'inputs that clients send are gone or changed: '
                  + variables.old.inputs.filter(o,
                          !variables.new.inputs.exists(n, n.name == o.name && n.datatype == o.datatype && n.shape == o.shape))
                      .map(o, o.name)
                      .join(', ')
              - name: no new input is required
                expression: >-
                  champion == null
                  || variables.new.inputs.all(n, has(n.required) && !n.required || variables.old.inputs.exists(o, o.name == n.name))
                messageExpression: >-
                  'inputs that no client sends yet are required: '
                  + variables.new.inputs.filter(n,
                          !(has(n.required) && !n.required) && !variables.old.inputs.exists(o, o.name == n.name))
                      .map(n, n.name)
                      .join(', ')
              - name: outputs are the same
                expression: >-
                  champion == null
                  || variables.old.outputs.all(o,
                      variables.new.outputs.exists(n, n.name == o.name && n.datatype == o.datatype && n.shape == o.shape))
                messageExpression: >-
                  'outputs that clients read are gone or changed: '
                  + variables.old.outputs.filter(o,
                          !variables.new.outputs.exists(n, n.name == o.name && n.datatype == o.datatype && n.shape == o.shape))
                      .map(o, o.name)
                      .join(', ')

            """#,
            "schema-compatible/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: schema-compatible}
            spec:
              policy: schema-compatible
              evidence:
                champion:
                  reports:
                    schema:
                      inputs: [{name: x, datatype: FP32, shape: [-1, 13]}, {name: id, datatype: BYTES, shape: [1], required: false}]
                      outputs: [{name: y, datatype: INT64, shape: [-1]}, {name: p, datatype: FP32, shape: [-1, 3]}]
              cases:
              - name: the same
                fixtures: [fixtures/same.yaml]
                expect: pass
                cost: 2000
              - name: nothing served before
                fixtures: [fixtures/same.yaml]
                evidence: {champion: null}
                expect: pass
              - name: a new input that may be left out, and a new output
                evidence:
                  candidate:
                    reports:
                      schema:
                        inputs:
                        - {name: x, datatype: FP32, shape: [-1, 13]}
                        - {name: id, datatype: BYTES, shape: [1]}
                        - {name: hint, datatype: BYTES, shape: [1], required: false}
                        outputs:
                        - {name: y, datatype: INT64, shape: [-1]}
                        - {name: p, datatype: FP32, shape: [-1, 3]}
                        - {name: why, datatype: BYTES, shape: [1]}
                expect: pass
              - name: a new input that is required
                fixtures: [fixtures/same.yaml]
                evidence:
                  candidate:
                    reports:
                      schema:
                        inputs:
                        - {name: x, datatype: FP32, shape: [-1, 13]}
                        - {name: id, datatype: BYTES, shape: [1]}
                        - {name: region, datatype: BYTES, shape: [1], required: true}
                        - {name: hint, datatype: BYTES, shape: [1], required: false}
                expect: {verdict: fail, message: "inputs that no client sends yet are required: region"}
              - name: an input of another shape, and one that is gone
                fixtures: [fixtures/same.yaml]
                evidence: {candidate: {reports: {schema: {inputs: [{name: x, datatype: FP32, shape: [-1, 14]}]}}}}
                expect: {verdict: fail, message: "inputs that clients send are gone or changed: x, id"}
              - name: an input of another type
                fixtures: [fixtures/same.yaml]
                evidence:
                  candidate:
                    reports:
                      schema: {inputs: [{name: x, datatype: FP64, shape: [-1, 13]}, {name: id, datatype: BYTES, shape: [1]}]}
                expect: {verdict: fail, message: "inputs that clients send are gone or changed: x"}
              - name: outputs of another shape
                fixtures: [fixtures/same.yaml]
                evidence:
                  candidate:
                    reports:
                      schema: {outputs: [{name: p, datatype: FP32, shape: [-1, 4]}, {name: y, datatype: INT64, shape: [-1]}]}
                expect: {verdict: fail, message: "outputs that clients read are gone or changed: p"}
              - name: outputs of another type
                fixtures: [fixtures/same.yaml]
                evidence:
                  candidate:
                    reports:
                      schema: {outputs: [{name: p, datatype: FP32, shape: [-1, 3]}, {name: y, datatype: FP32, shape: [-1]}]}
                expect: {verdict: fail, message: "outputs that clients read are gone or changed: y"}
              - name: an output is gone
                fixtures: [fixtures/same.yaml]
                evidence: {candidate: {reports: {schema: {outputs: [{name: y, datatype: INT64, shape: [-1]}]}}}}
                expect: {verdict: fail, message: "outputs that clients read are gone or changed: p"}
              - name: no report cannot be told
                evidence: {candidate: {reports: {}}}
                expect: {verdict: inconclusive, reason: candidate.reports.schema}

            """#,
        ])
}
