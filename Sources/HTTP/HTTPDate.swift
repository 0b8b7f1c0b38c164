// The Date field's format without Foundation.

import Glibc

/// IMF-fixdate, RFC 9110 §5.6.7.
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT` for seconds since 1970-01-01T00:00:00Z, years 1…9999.
    public static func string(unixSeconds: Int) -> String {
        var seconds = time_t(unixSeconds)
        var parts = unsafe tm()
        unsafe precondition(gmtime_r(&seconds, &parts) != nil, "a year that tm can hold")
        let day = unsafe days[Int(parts.tm_wday)]
        let month = unsafe months[Int(parts.tm_mon)]
        let year = unsafe padded(1900 + Int(parts.tm_year), 4)
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        let date = unsafe "\(day), \(padded(Int(parts.tm_mday), 2)) \(month) \(year)"
        return "\(date) \(clock[0]):\(clock[1]):\(clock[2]) GMT"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The current Date value, made once a second.
struct DateCache {
    private var second = 0
    private var text = ""

    mutating func now() -> String {
        let now = time(nil)
        if now != second || text.isEmpty {
            second = now
            text = HTTPDate.string(unixSeconds: now)
        }
        return text
    }
}
