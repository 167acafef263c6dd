extension ManifestReference {
    /// What a reader needs before the tables.
    static let introduction = """
        # Manifests
        A manifest is a YAML document that says what there shall be: a **Model** and how its versions are made, a
        **Policy** that they must pass, a **Deployment** that serves one on a **Target**. Headgate reads every `*.yaml`
        and `*.yml` file of the watched folder, takes the documents that say `apiVersion: headgate.dev/v1`, and makes
        the world match them. Other YAML files are left alone, and one file may hold several documents, separated by
        `---`.

        Every document has the same four fields:

        ```yaml
        apiVersion: headgate.dev/v1
        kind: Model
        metadata: {name: wine-quality}
        spec: {}                       # what the kind declares
        ```

        - **An object is its kind and name**, never its path: move or rename files as you like. Two documents with the
          same kind and name are both in error, and what was in force stays in force.
        - **Paths are relative to the manifest's folder** and stay within the repository. What a step writes stays below
          the manifest's folder; a folder ends in `/`.
        - **What is not declared does not exist** for a step: it sees its inputs and nothing else. An input is a path
          that Git tracks, another step's output, or data outside Git that is pinned by its SHA-256 digest.
        - **Names** are 1 to 63 of `a-z`, `0-9` and `-`. **Durations** are whole numbers with units, largest first:
          `500ms`, `30s`, `5m`, `1h30m`, `7d`.
        - **A value means what its field declares**: `no` is a text where a text is declared, and `version: 1.10` keeps
          its zero. Only params, whose types nobody declares, are read by the YAML 1.2 core schema.
        - Anchors, aliases, merge keys and tags are refused: what a manifest says stands where one reads it. A file may
          have 1 MiB, 500 documents and 64 levels.

        ## When something is wrong
        Every error names the file, line, column and field, says what was expected, and offers the nearest known name:

        ```
        models/wine.yaml:9:7: error: unknown field "comand" [spec.pipeline.steps[0].comand]; did you mean "command"?
        ```

        An object in error is set aside: its last good spec stays in force, and everything else goes on. A file in which
        a document cannot even be identified removes nothing that was last seen in it. Check before you push:

        ```
        headgate check
        headgate schema Model > model.schema.json     # for an editor
        ```

        An editor that speaks the YAML language server takes the schema from a comment in the first line:

        ```yaml
        # yaml-language-server: $schema=model.schema.json
        ```

        ## In every kind


        """
}
