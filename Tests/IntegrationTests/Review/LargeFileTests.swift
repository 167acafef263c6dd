import Foundation
import HeadgateTestSupport
import Testing

/// Data that Git LFS keeps, in a repository that the real `git lfs` made.
@Suite struct LargeFileTests {
    @Test func `a step reads the content of a file that Git LFS keeps, and its pointer decides the key`() async throws {
        let review = try await ReviewRepository()
        let repository = review.repository
        try await repository.git("lfs", "install", "--local")
        try await repository.git("lfs", "track", "*.bin")
        let model = ReviewRepository.model()
            .replacing("inputs: [train.sh]", with: "inputs: [train.sh, data.bin]")
        try await review.change([
            "models/wine/headgate.yaml": model, "models/wine/data.bin": "0.97",
            "models/wine/train.sh": "mkdir model && cp data.bin model/accuracy\n",
        ])
        #expect(try await repository.git("show", "HEAD:models/wine/data.bin").contains("oid sha256:"))
        let answer = try review.ci("--train", "changed")
        #expect(answer.code == 0, "\(answer)")
        #expect(answer.output.contains("→  0.97"), "\(answer)")

        try await repository.commit("More data", ["models/wine/data.bin": "0.98"])
        let changed = try review.ci("--base", "HEAD~1")
        #expect(changed.output.contains("data.bin changed"), "\(changed)")

        try FileManager.default.removeItem(atPath: repository.path + "/.git/lfs/objects")
        let missing = try review.ci("--train", "changed")
        #expect(missing.code == 2, "\(missing)")
        let reason = "input data.bin: the content in Git LFS, sha256:"
        #expect(missing.output.contains(reason) && missing.output.contains("git lfs fetch"), "\(missing)")
    }
}
