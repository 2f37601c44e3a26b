// SPDX-License-Identifier: Apache-2.0
import CImageCodecs
import Glibc

/// The one owner of an open C decoder: its header is read and within the limits, its rows are still to come.
final class OpenImage {
    let info: ImageInfo
    private let image: UnsafeMutablePointer<lcl_image>
    private let limits: ImageLimits

    /// Pixels that take up to a third of the data that this process may allocate: six bytes each, of a progressive JPEG.
    private static var mostOfAProcess: Int {
        var data = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &data) == 0, let most = Int(exactly: data.rlim_cur) else { return .max }
        return most / 18
    }

    init(_ file: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageError) {
        try limits.check(bytes: file.count)
        let format = try ImageFormat.recognise(file)
        let bytes = file.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let opened = switch format {
        case .jpeg: lcl_jpeg_open(bytes, file.count, Int32(clamping: limits.scans))
        case .png: lcl_png_open(bytes, file.count)
        }
        guard let opened else { throw .noMemory(what: "opening it") }
        let width = Int(opened.pointee.width), height = Int(opened.pointee.height)
        let orientation = switch format {
        case .jpeg: Exif.orientation(inJPEG: file)
        case .png: Exif.orientation(inPNG: file)
        }
        image = opened
        self.limits = limits
        info = ImageInfo(format: format, width: width, height: height, orientation: orientation)
        try check()
        try limits.check(width: width, height: height)
    }

    deinit { lcl_image_close(image) }

    /// Width and height of the rows to come.
    var decodedSize: (width: Int, height: Int) { (Int(image.pointee.out_width), Int(image.pointee.out_height)) }

    /// Begins to decode; a JPEG at `eighths`/8 of its size.
    func start(eighths: Int) throws(ImageError) {
        lcl_image_start(image, Int32(eighths))
        try check()
    }

    /// The next rows, `count` at most, each `decodedSize.width` x 4 bytes of RGBX.
    /// - Returns: how many came, at least one.
    func read(_ rows: UnsafeMutablePointer<UInt8>, count: Int) throws(ImageError) -> Int {
        let done = Int(lcl_image_rows(image, rows, Int32(count)))
        try check()
        return done
    }

    /// Reads on to the file's end, so that a missing one is noticed.
    func finish() throws(ImageError) {
        lcl_image_finish(image)
        try check()
    }

    private func check() throws(ImageError) {
        guard image.pointee.status != LCL_IMAGE_OK else { return }
        let message = withUnsafeBytes(of: &image.pointee.message) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch image.pointee.status {
        case LCL_IMAGE_TRUNCATED: throw .truncated(info.format, detail: message)
        case LCL_IMAGE_UNSUPPORTED: throw .unsupported(found: "a \(info.format) picture of an unusual kind (\(message))")
        case LCL_IMAGE_TOO_MANY_SCANS: throw .tooLarge(what: "a progressive JPEG of more than \(limits.scans) scans")
        // Another process like this one, with nothing else to do, has no room either.
        case LCL_IMAGE_NO_MEMORY where info.width * info.height > Self.mostOfAProcess:
            throw .tooLarge(what: "\(info.width) x \(info.height) pixels, more than memory is left for")
        case LCL_IMAGE_NO_MEMORY: throw .noMemory(what: "its \(info.width) x \(info.height) pixels")
        default: throw .corrupt(info.format, detail: message)
        }
    }
}
