import Glibc
import HeadgateCore

extension LocalStepRunner {
    /// The metrics file's document, kept in the run's folder as it was written; nil when the step declares none.
    func metrics(_ launch: StepLaunch, _ workspace: Workspace, _ folder: RunFolder) throws -> JSONValue? {
        guard let file = launch.metrics else { return nil }
        let what = "metrics file \(file)"
        let bytes = try read(file, workspace, what)
        let document: JSONValue
        do throws(JSONDocument.Problem) {
            document = try JSONDocument.parseObject(bytes)
        } catch {
            throw StepError(.metrics, "\(what) is not JSON: \(error)", mayRetry: false)
        }
        do throws(SystemError) {
            try LocalFiles.writeAtomically(bytes, to: folder.metrics)
        } catch {
            throw StepError(.storage, error)
        }
        return document
    }

    /// What the declared reports say, as evidence; nil when the step declares none.
    func reports(_ launch: StepLaunch, _ workspace: Workspace) throws -> [String: JSONValue]? {
        guard let declared = launch.reports, !declared.isEmpty else { return nil }
        var reports: [String: JSONValue] = [:]
        for (name, report) in declared.sorted(by: { $0.key < $1.key }) {
            let what = "report \(name) (\(report.file))"
            let bytes = try read(report.file, workspace, what)
            do {
                reports[name] = try ReportReader.stored(JSONDocument.parse(bytes), report.format)
            } catch let problem as JSONDocument.Problem {
                throw StepError(.metrics, "\(what) is not JSON: \(problem)", mayRetry: false)
            } catch let problem as ReportProblem {
                throw StepError(.metrics, "\(what), \(report.format.rawValue): \(problem.message)", mayRetry: false)
            }
        }
        return reports
    }

    /// A small file that the step must have left behind.
    private func read(_ file: String, _ workspace: Workspace, _ what: String) throws -> [UInt8] {
        func refusal(_ reason: String) -> StepError { StepError(.metrics, "\(what) \(reason)", mayRetry: false) }
        guard let path = workspace.resolve(file) else { throw refusal("leads out of the workspace") }
        guard let status = LocalFiles.status(workspace.absolute(path)) else { throw refusal("was not written") }
        guard status.st_mode & S_IFMT == S_IFREG, workspace.hasPlainParents(path) else {
            throw refusal("is not a regular file")
        }
        guard Int(status.st_size) <= configuration.metricsLimit else {
            throw refusal("is larger than \(configuration.metricsLimit) bytes")
        }
        guard let bytes = try LocalFiles.read(workspace.absolute(path), limit: configuration.metricsLimit) else {
            throw refusal("was not written")
        }
        return bytes
    }
}
