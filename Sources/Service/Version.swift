/// The name and version that `/`, `/v1/info`, `--version` and the metrics report.
public enum Version {
    /// The name of the program.
    public static let name = "styleloss"
    /// The version, as in openapi.yaml.
    public static let number = "0.1.0"
}
