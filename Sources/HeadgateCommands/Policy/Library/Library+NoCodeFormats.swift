// Written by policies/embed.py from policies/no-code-formats; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let noCodeFormats = Entry(
        name: "no-code-formats", at: ["validate"], action: "deny",
        about: "Artifacts that cannot run code when they are loaded.",
        reports: [],
        files: [
            "no-code-formats/README.md":
            #"""
            # No code in the artifact

            Pickles and their kin (joblib, PyTorch's `.pt`, Keras' `.h5`, NumPy's `.npy` with objects) run code of their author
            when they are loaded. Only files with an ending under `allowed` may be in the artifact. It knows files by the endings
            of their names, so it stops mistakes, not an author who renames a pickle; load models in a sandbox nevertheless.

            Headgate lists the endings itself; nothing needs to be reported. scikit-learn's models can be written as ONNX or with
            skops, PyTorch's as safetensors.

            """#,
            "no-code-formats/policy.yaml":
            #"""
            # Artifacts that cannot run code when they are loaded.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: no-code-formats}
            spec:
              at: [validate]
              action: deny
              params:
                # Formats that cannot run code when they are loaded; everything else is refused.
                allowed: [onnx, safetensors, json, txt, md, yaml, csv, gguf, tflite, ubj, parquet]
                # Formats that are known to run code, for a clear message.
                code: [pkl, pickle, joblib, pt, pth, ckpt, bin, h5, keras, npy, npz, dill, py, so, jar, mar, model]
              variables:
              - name: code
                expression: candidate.formats.filter(f, f in params.code)
              - name: unknown
                expression: candidate.formats.filter(f, !(f in params.code) && !(f in params.allowed))
              rules:
              - name: no code
                expression: size(variables.code) == 0
                messageExpression: "'formats that may run code when they are loaded: ' + variables.code.join(', ')"
              - name: known
                expression: size(variables.unknown) == 0
                messageExpression: "'formats that nobody allowed: ' + variables.unknown.join(', ')"
              - name: some
                expression: size(candidate.formats) > 0
                message: no file of the artifact has an ending that tells its format

            """#,
            "no-code-formats/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: no-code-formats}
            spec:
              policy: no-code-formats
              cases:
              - name: safe formats
                evidence: {candidate: {formats: [onnx, json]}}
                expect: pass
                cost: 500
              - name: a pickle
                evidence: {candidate: {formats: [json, pkl]}}
                expect: {verdict: fail, message: "formats that may run code when they are loaded: pkl", rules: {known: pass}}
              - name: a format that nobody knows
                evidence: {candidate: {formats: [onnx, xyz]}}
                expect: {verdict: fail, message: "formats that nobody allowed: xyz"}
              - name: files without endings
                evidence: {candidate: {formats: []}}
                expect: {verdict: fail, message: no file of the artifact has an ending that tells its format}

            """#,
        ])
}
