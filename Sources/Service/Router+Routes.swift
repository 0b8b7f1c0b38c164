import HTTPTypes

extension Router {
    /// Every path and method of openapi.yaml, and those that a test adds.
    init(_ context: ServiceContext, adding routes: [Route]) {
        self.routes =
            [
                Route("/", access: .open, [.get: .immediate(RootEndpoint())]),
                Route(
                    "/page.css", access: .open, [.get: .immediate(PageFileEndpoint(file: .css))]),
                Route("/page.js", access: .open, [.get: .immediate(PageFileEndpoint(file: .js))]),
                Route(
                    "/livez", isProbe: true, access: .open, [.get: .immediate(LivenessEndpoint())]),
                Route(
                    "/healthz", isProbe: true, access: .open, [.get: .immediate(LivenessEndpoint())]
                ),
                Route(
                    "/readyz", isProbe: true, access: .open,
                    [.get: .immediate(ReadinessEndpoint(context: context))]),
                Route(
                    "/metrics", isProbe: true, access: .metrics,
                    [.get: .immediate(MetricsEndpoint(context: context))]),
                Route("/openapi.yaml", access: .open, [.get: .immediate(OpenAPIEndpoint())]),
                Route("/v1/info", [.get: .immediate(InfoEndpoint(context: context))]),
                Route("/v1/presets", [.get: .immediate(PresetsEndpoint())]),
                Route("/v1/losses", [.post: .job(LossesEndpoint(context: context))]),
                Route(
                    "/v1/losses/features", [.post: .job(FeatureLossesEndpoint(context: context))]),
                Route("/v1/features", [.post: .job(FeaturesEndpoint(context: context))]),
                Route(
                    "/v1/features/gradient",
                    [.post: .job(FeatureGradientEndpoint(context: context))]),
                Route("/v1/gram", [.post: .job(GramEndpoint(context: context))]),
                Route(
                    "/v1/targets/{digest}",
                    [
                        .put: .job(PutTargetEndpoint(context: context)),
                        .get: .immediate(GetTargetEndpoint(context: context)),
                        .delete: .immediate(DeleteTargetEndpoint(context: context)),
                    ]),
                Route(
                    "/v2", access: .open, [.get: .immediate(ServerMetadataEndpoint())]),
                Route(
                    "/v2/health/live", isProbe: true, access: .open,
                    [.get: .immediate(InferenceLivenessEndpoint())]),
                Route(
                    "/v2/health/ready", isProbe: true, access: .open,
                    [.get: .immediate(InferenceReadinessEndpoint(context: context))]),
                Route("/v2/models/{name}", [.get: .immediate(ModelMetadataEndpoint())]),
                Route(
                    "/v2/models/{name}/ready",
                    [.get: .immediate(ModelReadinessEndpoint(context: context))]),
                Route(
                    "/v2/models/{name}/infer", [.post: .job(InferEndpoint(context: context))]),
            ] + routes
    }
}
