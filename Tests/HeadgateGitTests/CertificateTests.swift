import CLibgit2
import CLinux
import Testing

@testable import HeadgateGit

@Suite struct CertificateTests {
    /// Debian's libgit2 reads certificates by mbed TLS.
    @Test func `certificates are left unread where that was asked for, and only there`() async {
        await #expect(processExitsWith: .success) {
            LibGit2.start()
            let read = { headgate_git_set_certificates("/nonexistent.pem", nil) }
            try #require(read() < 0)
            headgate_use_no_certificates()
            try #require(read() == 0)
        }
    }
}
