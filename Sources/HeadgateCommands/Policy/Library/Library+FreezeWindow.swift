// Written by policies/embed.py from policies/freeze-window; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let freezeWindow = Entry(
        name: "freeze-window", at: ["release", "rollout"], action: "deny",
        about: "Times at which nothing is released, in a time zone.",
        reports: [],
        files: [
            "freeze-window/README.md":
            #"""
            # Freeze window

            Nothing is released, and no candidate gains traffic, within `windows` and at the `weekly` times, all in the time zone
            `zone`; the zone's own rules say when summer time begins. It waits and does not fail: when the window ends, the version
            goes on. Going back to an earlier version is always allowed.

            ```yaml
            params:
              zone: America/New_York
              windows: [{from: "2026-11-25T12:00", until: "2026-11-30T08:00"}]
              weekly: [{day: 5, from: 14, until: 24}, {day: 6, from: 0, until: 24}, {day: 0, from: 0, until: 24}]
            ```

            Days count from Sunday, 0. Hours go from 0 to 24. The machine needs the package `tzdata`.

            """#,
            "freeze-window/policy.yaml":
            #"""
            # Times at which nothing is released, in a time zone.
            apiVersion: headgate.dev/v1
            kind: Policy
            metadata: {name: freeze-window}
            spec:
              at: [release, rollout]
              action: deny
              params:
                zone: Europe/Berlin         # all times are of this time zone
                windows: []                 # {from: "2026-12-20T18:00", until: "2027-01-04T08:00"}
                weekly:                     # days count from Sunday, 0
                - {day: 5, from: 14, until: 24}
                - {day: 6, from: 0, until: 24}
                - {day: 0, from: 0, until: 24}
              variables:
              # Such as 202612201800; texts of windows become the same.
              - name: local
                expression: >-
                  (((now.getFullYear(params.zone) * 100 + now.getMonth(params.zone) + 1) * 100 + now.getDate(params.zone)) * 100
                      + now.getHours(params.zone)) * 100 + now.getMinutes(params.zone)
              rules:
              # Going back is always allowed.
              - name: window
                expression: >-
                  restoring
                  || !params.windows.exists(w,
                      variables.local >= int(w.from.replace('-', '').replace('T', '').replace(':', ''))
                      && variables.local < int(w.until.replace('-', '').replace('T', '').replace(':', '')))
                message: releases are frozen now
              - name: weekly
                expression: >-
                  restoring
                  || !params.weekly.exists(w,
                      w.day == now.getDayOfWeek(params.zone)
                      && now.getHours(params.zone) >= w.from
                      && now.getHours(params.zone) < w.until)
                message: nothing is released at this time of the week

            """#,
            "freeze-window/test.yaml":
            #"""
            apiVersion: headgate.dev/v1
            kind: PolicyTest
            metadata: {name: freeze-window}
            spec:
              policy: freeze-window
              cases:
              - name: a Wednesday
                evidence: {now: "2026-03-11T12:00:00Z"}
                expect: pass
                cost: 500
              - name: Friday at 13:59 in Berlin
                evidence: {now: "2026-03-13T12:59:00Z"}
                expect: pass
              - name: Friday at 14:00 in Berlin, which is 13:00 in London
                evidence: {now: "2026-03-13T13:00:00Z"}
                expect: {verdict: fail, message: nothing is released at this time of the week}
              - name: Friday at 14:00 in Berlin in summer
                evidence: {now: "2026-07-17T12:00:00Z"}
                expect: fail
              - name: another zone
                params: {zone: America/New_York}
                evidence: {now: "2026-03-13T13:00:00Z"}
                expect: pass
              - name: Saturday, but going back
                evidence: {now: "2026-03-14T13:00:00Z", restoring: true}
                expect: pass
              - name: before Christmas
                params: {windows: [{from: "2026-12-20T18:00", until: "2027-01-04T08:00"}]}
                evidence: {now: "2026-12-17T16:59:00Z"}
                expect: pass
              - name: Christmas
                params: {windows: [{from: "2026-12-20T18:00", until: "2027-01-04T08:00"}]}
                evidence: {now: "2026-12-22T12:00:00Z"}
                expect: {verdict: fail, message: releases are frozen now}
              - name: after Christmas
                params: {windows: [{from: "2026-12-20T18:00", until: "2027-01-04T08:00"}]}
                evidence: {now: "2027-01-04T07:00:00Z"}
                expect: pass
              - name: between days of the week and hours
                params: {weekly: [{day: 5, from: 20, until: 24}, {day: 5, from: 0, until: 6}]}
                evidence: {now: "2026-03-13T12:00:00Z"}
                expect: pass

            """#,
        ])
}
