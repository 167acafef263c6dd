import AsyncHTTPClient
import Subprocess
import Logging
import NIOCore
