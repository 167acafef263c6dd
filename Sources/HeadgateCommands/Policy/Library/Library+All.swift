// Written by policies/embed.py from policies; change it there.
// swift-format-ignore-file

extension PolicyLibrary {
    static let all: [Entry] = [
        canaryHealth,
        dataFreshness,
        dataQuality,
        demographicParity,
        driftKs,
        driftPsi,
        equalOpportunity,
        fourFifths,
        freezeWindow,
        latencyBudget,
        licenceAllowList,
        memoryBudget,
        metricFloor,
        modelCardComplete,
        noCodeFormats,
        notWorseThanChampion,
        notWorseWithConfidence,
        schemaCompatible,
        signedCommit,
        sizeBudget,
        sliceFloors,
        trustedBuilder,
        twoPersonApproval,
    ]
}
