/// Writes an XML 1.0 document as text.
///
/// Text and attribute values are escaped; characters that XML 1.0 cannot hold, and those that turn the direction of
/// text, are replaced by U+FFFD, so that hostile text can never end an element or make a document that parsers refuse.
package struct XMLWriter {
    private var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    package init() {}

    /// The document so far.
    package var document: String { text }

    /// Writes an element with other elements inside it.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: (inout XMLWriter) -> Void
    ) {
        element(name, attributes.map { ($0.key, $0.value) }, children)
    }

    /// Writes an element whose attributes are not the same for all.
    package mutating func element(
        _ name: String, _ attributes: [(String, String)], _ children: (inout XMLWriter) -> Void
    ) {
        open(name, attributes)
        text += ">\n"
        let start = text.utf8.count
        depth += 1
        children(&self)
        depth -= 1
        if text.utf8.count == start {
            text.removeLast(2)
            text += "/>\n"
        } else {
            indent()
            text += "</\(name)>\n"
        }
    }

    /// Writes an element that holds text; without text, an empty one.
    package mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text content: String = ""
    ) {
        element(name, attributes.map { ($0.key, $0.value) }, text: content)
    }

    package mutating func element(_ name: String, _ attributes: [(String, String)], text content: String = "") {
        open(name, attributes)
        text += content.isEmpty ? "/>\n" : ">\(Self.escaped(content))</\(name)>\n"
    }

    /// Text that stands for itself in content and in a quoted attribute value.
    package static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        var marks = 0
        for scalar in text.unicodeScalars {
            defer { if !scalar.properties.isDefaultIgnorableCodePoint { marks = scalar == "#" ? marks + 1 : 0 } }
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            // An attribute's line ends would become spaces when read.
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            // GitHub's runner takes `##[` for a command even where a document is printed into a log.
            case "[" where marks >= 2: result += "&#91;"
            case _ where LineText.isControl(scalar) || LineText.isDirectional(scalar): result += "\u{FFFD}"
            case "\u{20}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}": result.unicodeScalars.append(scalar)
            default: result += "\u{FFFD}"
            }
        }
        return result
    }

    private mutating func open(_ name: String, _ attributes: [(String, String)]) {
        indent()
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    }

    private mutating func indent() {
        text += String(repeating: "  ", count: depth)
    }
}
