// Written by policies/embed.py from policies/licence-allow-list; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let licenceAllowList = Entry(
        name: "licence-allow-list", at: ["validate"], action: "deny",
        about: "Packages whose licences are allowed.",
        reports: [],
        files: [
            "licence-allow-list/README.md":
            #"""
            # Licences

            Every package in the list must have licences under `allowed` only, or be under `exceptions`.

            | | |
            |---|---|
            | needs | a step's report `licences`, as `pip-licenses --format=json` writes it |
            | an empty list | `fail` |
            | no report | `inconclusive` |

            ```yaml
            - name: licences
              command: [pip-licenses, --format=json, --output-file, licences.json]
              reports: {licences: {file: licences.json}}
            ```

            """#,
            "licence-allow-list/policy.yaml":
            #"""
            # Packages whose licences are allowed.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: licence-allow-list}
            spec:
              at: [validate]
              action: deny
              params:
                report: licences            # [{Name, Version, License}], as pip-licenses --format=json writes them
                allowed:
                - Apache Software License
                - Apache-2.0
                - BSD License
                - BSD-3-Clause
                - BSD-2-Clause
                - MIT License
                - MIT
                - ISC
                - Python Software Foundation License
                - PSF-2.0
                - Mozilla Public License 2.0 (MPL 2.0)
                - MPL-2.0
                exceptions: []              # packages that somebody looked at
              variables:
              - name: packages
                expression: candidate.reports[params.report]
              - name: refused
                expression: >-
                  variables.packages.filter(p, !(p.Name in params.exceptions) && !p.License.split('; ').all(l, l in params.allowed))
              rules:
              - name: allowed
                expression: size(variables.refused) == 0
                messageExpression: >-
                  'licences that are not allowed: '
                  + variables.refused.map(p, p.Name + ' ' + p.Version + ' (' + p.License + ')').join(', ')
              - name: listed
                expression: size(variables.packages) > 0
                message: the list of licences is empty

            """#,
            "licence-allow-list/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: licence-allow-list}
            spec:
              policy: licence-allow-list
              cases:
              - name: allowed ones
                evidence:
                  candidate:
                    reports:
                      licences:
                      - {Name: numpy, Version: 2.1.0, License: BSD License}
                      - {Name: both, Version: "1", License: MIT License; Apache Software License}
                expect: pass
                cost: 500
              - name: one that is not allowed
                evidence:
                  candidate:
                    reports:
                      licences:
                      - {Name: numpy, Version: 2.1.0, License: BSD License}
                      - {Name: viral, Version: "3", License: GNU Affero General Public License v3}
                expect:
                  verdict: fail
                  message: "licences that are not allowed: viral 3 (GNU Affero General Public License v3)"
              - name: one that somebody looked at
                params: {exceptions: [viral]}
                evidence: {candidate: {reports: {licences: [{Name: viral, Version: "3", License: GPL}]}}}
                expect: pass
              - name: an empty list
                evidence: {candidate: {reports: {licences: []}}}
                expect: {verdict: fail, message: the list of licences is empty}
              - name: no list cannot be told
                evidence: {candidate: {reports: {}}}
                expect: {verdict: inconclusive, reason: candidate.reports.licences}

            """#,
        ])
}
