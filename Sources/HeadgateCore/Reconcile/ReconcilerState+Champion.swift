extension ReconcilerState {
    /// What is known of the version that a Deployment serves; nil for a Deployment that is not known.
    package func champion(of id: DeploymentID) -> ChampionEvidence? {
        guard let record = records[id] else { return nil }
        return champion(of: id, record, record.champion.map { ($0.version, $0.assessment) }, restoring: false)
    }

    /// What a version is compared with: the champion that is given, or none where that is proved.
    func champion(
        of id: DeploymentID, _ record: DeploymentRecord, _ champion: (VersionID, AssessmentID)?, restoring: Bool
    ) -> ChampionEvidence {
        if let champion {
            guard let version = versions[champion.0], let assessment = assessments[champion.1] else {
                return .unknown("the champion's assessment is no longer kept")
            }
            return .known(VersionEvidence(version, assessment))
        }
        if restoring { return .none }
        guard record.champion == nil, record.history.isEmpty else {
            return .unknown("the champion is not known")
        }
        guard let observed = observed[id] else { return .unknown("the target has not been observed") }
        // What runs without the ledger knowing of it may be what serves.
        let strangers = observed.versions.keys.filter { $0 != record.rollout?.candidate.version }
        return strangers.isEmpty && observed.weights.allSatisfy { $0.key == record.rollout?.candidate.version }
            ? .none
            : .unknown("the target serves a version that the ledger does not know: see `headgate adopt`")
    }
}
