import Foundation
import HeadgateGit
import HeadgateProviders
import HeadgateRouter
import Logging

/// Helpers that the controller starts from this same program.
///
/// They return before anything else is set up.
package enum HiddenCommands {
    /// Runs `headgate internal …`; nil when the arguments ask for something else.
    package static func run(_ arguments: [String]) async -> Int32? {
        guard arguments.count >= 3, arguments[1] == "internal" else { return nil }
        switch arguments[2] {
        case "git-remote": return GitRemoteHelper.serve()
        case "exec" where arguments.count == 4: return ExecShim.run(folder: arguments[3])
        case "router": return await RouterCommand.run(Array(arguments.dropFirst(3)))
        default: return nil
        }
    }
}
