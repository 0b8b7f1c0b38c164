extension MediaSniffer.Kind {
    /// A command that makes what is read of a file of this kind; nil where there is none to name.
    public var conversion: String? {
        switch self {
        case .png, .jpeg, .npy, .safetensors, .json, .unknown, .zip: nil
        case .webp: "dwebp in.webp -o out.png"
        case .avif: "avifdec in.avif out.png"
        case .heif: "heif-convert in.heic out.png"
        case .gif: "convert 'in.gif[0]' out.png"
        case .tiff: "convert in.tif out.png"
        case .bmp: "convert in.bmp out.png"
        case .jpeg2000: "opj_decompress -i in.jp2 -o out.png"
        case .jpegXL: "djxl in.jxl out.png"
        case .npz:
            #"python3 -c "import numpy; f = numpy.load('in.npz'); "#
                + #"numpy.save('out.npy', f[f.files[0]])""#
        case .pyTorch, .pickle: "numpy.save('out.npy', tensor.numpy()) in Python"
        case .gzip: "gunzip in.gz"
        case .pdf: "pdftoppm -png in.pdf out"
        case .html: "rsvg-convert in.svg -o out.png if it is SVG"
        }
    }

    /// The clause that follows "looks like": the name, and the command that converts.
    public var refusal: String {
        rawValue + ", which is not read" + (conversion.map { "; convert it: \($0)" } ?? "")
    }
}
