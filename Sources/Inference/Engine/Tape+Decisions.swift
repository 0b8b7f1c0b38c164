extension Tape {
    /// How many convolutions were recorded.
    package var convolutions: Int { layers.count }

    /// Whether the ReLU behind a convolution, counted in network order, passes the gradient of one
    /// output; nil where only the maximum behind it was asked. For tests, which replay decisions.
    package func isAlive(
        convolution: Int, image: Int = 0, channel: Int, y: Int, x: Int
    ) -> Bool? {
        layers[convolution].alive?.passes(image: image, channel: channel, y: y, x: x)
    }

    /// Whether the maximum behind a convolution, and its ReLU, pass the gradient of one output; nil
    /// where there is none. For tests, which replay decisions.
    package func isMaximum(
        convolution: Int, image: Int = 0, channel: Int, y: Int, x: Int
    ) -> Bool? {
        layers[convolution].maxima?.passes(image: image, channel: channel, y: y, x: x)
    }
}
