/// The name and version that `/`, `/v1/info`, `--version` and the metrics report.
public enum Version {
    public static let name = "styleloss"
    public static let number = "0.1.0"
}
