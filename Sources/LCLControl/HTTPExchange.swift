// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import NIOCore
import NIOHTTP1
import NIOPosix

/// One request over a Unix socket and its answer, on a connection of its own.
struct HTTPExchange {
    let socket: String
    /// How long nothing may be heard.
    let silence: TimeAmount

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    private static let maximumErrorBytes = 1 << 20

    /// Calls `receive` with the pieces of the body of a good answer.
    /// - Throws: ``ControlError``; what `receive` throws.
    func run(_ method: HTTPMethod, _ path: String, body: Data?, receive: (Data) throws -> Void) async throws {
        let connection = try await connect()
        do {
            try await connection.executeThenClose { inbound, outbound in
                try await write(method, path, body: body, to: outbound)
                try await read(inbound, receive: receive)
            }
        } catch let error as IOError {
            throw lost(String(describing: error))
        } catch let error as HTTPParserError {
            throw ControlError(.protocolMismatch, "what answers on '\(socket)' does not speak HTTP as it should (\(error))")
        } catch let error as ChannelError {
            throw lost(String(describing: error))
        }
    }

    private func connect() async throws -> Connection {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(silence)
                .connect(unixDomainSocketPath: socket) { [silence] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(IdleStateHandler(readTimeout: silence))
                        try channel.pipeline.syncOperations.addHandler(SilenceHandler(silence))
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw refusal(errno: error.errnoCode)
        } catch is ChannelError {
            throw ControlError(.timeout, "the daemon does not accept connections on '\(socket)'")
        } catch is SocketAddressError {
            throw ControlError(.socketPath, "the socket's path '\(socket)' is longer than the system allows")
        }
    }

    private func refusal(errno code: CInt) -> ControlError {
        switch code {
        case ENOENT, ECONNREFUSED, ENOTDIR:
            ControlError(
                .notRunning,
                "the daemon is not running: nobody answers on '\(socket)'. Start it with `systemctl start lcld`, "
                    + "or name its socket with --socket or $\(ControlSocket.environmentKey)")
        case EACCES, EPERM: ControlError(.notAllowed, "you may not open the daemon's socket '\(socket)'")
        case EAGAIN: ControlError(.unavailable, "the daemon has too many callers; try again")
        default: ControlError(.notRunning, "unable to reach the daemon on '\(socket)': \(String(cString: strerror(code)))")
        }
    }

    private func lost(_ reason: String) -> ControlError {
        ControlError(.unavailable, "the daemon ended the connection before its answer was whole (\(reason)); see its log")
    }

    private func write(
        _ method: HTTPMethod, _ path: String, body: Data?, to outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        var headers: HTTPHeaders = ["Host": "lcld", "Connection": "close"]
        if method != .GET { headers.add(name: "Content-Length", value: "\(body?.count ?? 0)") }
        if body != nil { headers.add(name: "Content-Type", value: "application/json") }
        try await outbound.write(.head(.init(version: .http1_1, method: method, uri: path, headers: headers)))
        if let body { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
        try await outbound.write(.end(nil))
    }

    private func read(_ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, receive: (Data) throws -> Void) async throws {
        var status: HTTPResponseStatus?, refusal = Data()
        for try await part in inbound {
            switch part {
            case .head(let head): status = head.status
            case .body(let buffer):
                let bytes = Data(buffer.readableBytesView)
                if status == .ok {
                    try receive(bytes)
                } else if refusal.count < Self.maximumErrorBytes {
                    refusal.append(bytes)
                }
            case .end:
                if let status, status != .ok { throw error(status, refusal) }
                return
            }
        }
        throw lost("the stream ended")
    }

    private func error(_ status: HTTPResponseStatus, _ body: Data) -> ControlError {
        if let document = try? CanonicalJSON.decode(ControlError.Document.self, from: body) { return document.error }
        return ControlError(.protocolMismatch, "the daemon answered with status \(status.code) and no reason; is it of another version than this program?")
    }
}

/// Ends a connection on which nothing was heard for too long.
private final class SilenceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let silence: TimeAmount

    init(_ silence: TimeAmount) { self.silence = silence }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.fireErrorCaught(ControlError(.timeout, "the daemon was silent for \(silence.nanoseconds / 1_000_000_000) s; it may be overloaded or stuck"))
        context.close(promise: nil)
    }
}
