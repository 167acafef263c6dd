import ArgumentParser
import Foundation
import HeadgateAPI
import HeadgateCore

/// The command `headgate events [--for KIND/NAME] [--watch]`.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened, oldest first.")

    @Option(
        name: .customLong("for"), help: "Only events of this object, such as deployment/wine-quality.",
        completion: .objects)
    var object: String?
    @Option(help: "How many at first.")
    var limit = 50
    @Flag(name: [.short, .long], help: "Go on with events as they happen.")
    var watch = false
    @Option(name: [.short, .long], help: "table, json or yaml.")
    var output = OutputFormat.table
    @OptionGroup var controller: ControllerOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 through 10000") }
        if let object, Self.canonical(object) == nil {
            throw ValidationError("--for \(object): name it as KIND/NAME, such as deployment/wine-quality")
        }
    }

    func run() async throws {
        let client = try controller.client()
        let filter = object.flatMap(Self.canonical).map { "&object=\($0)" } ?? ""
        var columns = EventColumns(showsObject: object == nil)
        var events = try await client.get("/api/v1/events?limit=\(limit)\(filter)", as: [EventResource].self)
        if events.isEmpty, output == .table {
            Terminal.note("there are no events\(object.map { " of \($0)" } ?? "") yet")
        }
        try show(events, &columns)
        var last = events.last?.id ?? 0
        while watch {
            try await Task.sleep(for: .milliseconds(300))
            events = try await client.get("/api/v1/events?limit=500&after=\(last)\(filter)", as: [EventResource].self)
            try show(events, &columns)
            last = events.last?.id ?? last
        }
    }

    private func show(_ events: [EventResource], _ columns: inout EventColumns) throws {
        switch output {
        case .table, .wide: for line in columns.lines(events) { print(line) }
        case .json: for event in events { print(try Renderer.json(event)) }
        case .yaml: if !events.isEmpty { print(try Renderer.yaml(events)) }
        }
    }

    /// `deployment/x` as the ledger writes it: `Deployment/x`.
    static func canonical(_ object: String) -> String? {
        let parts = object.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2,
            let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == parts[0].lowercased() })
        else { return nil }
        return "\(kind.rawValue)/\(parts[1])"
    }
}

/// Events as lines whose columns stand below each other, for as long as more come.
struct EventColumns {
    /// Whether the object is a column; it is not where all events are of one.
    let showsObject: Bool
    /// Whether what messages say besides follows them.
    let showsDetails: Bool
    private var widths = [7, 16, 0]

    init(showsObject: Bool, showsDetails: Bool = false) {
        self.showsObject = showsObject
        self.showsDetails = showsDetails
    }

    mutating func lines(_ events: [EventResource]) -> [String] {
        let rows = events.map { resource in
            let event = resource.event
            let object = showsObject ? event.object.map { "\($0)" } ?? "-" : ""
            return (event, cells: [event.severity.rawValue, event.reason, object])
        }
        for row in rows { widths = zip(widths, row.cells).map { max($0, $1.count) } }
        return rows.flatMap { event, cells in
            let padded = zip(cells, widths).filter { $1 > 0 }.map { Renderer.pad($0, to: $1) }
            let line = ([TimeText.stamp(event.at)] + padded + [event.message.summary]).joined(separator: "  ")
            let details = showsDetails ? event.message.details.map { "    " + $0 } : []
            return ([line] + details).map(Renderer.clean)
        }
    }
}
