'use strict';

// What else people start in their functions by `node --require`: the one that is named by NEIGHBOUR. `seen()` is the number
// of calls that it has seen.

const NEIGHBOURS = {
  opentelemetry() {
    const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
    const { registerInstrumentations } = require('@opentelemetry/instrumentation');
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
    const { UndiciInstrumentation } = require('@opentelemetry/instrumentation-undici');
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    provider.register();
    registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()] });
    return () => exporter.getFinishedSpans().length;
  },
  datadog() {
    const tracer = require('dd-trace').init({ startupLogs: false });
    tracer.use('http', { client: { hooks: { request: () => (count += 1) } } });
    tracer.use('fetch', { hooks: { request: () => (count += 1) } });
    let count = 0;
    return () => count;
  },
  powertools() {
    // The tracer has X-Ray's own library watch `http`, and watches `fetch` itself.
    const { Tracer } = require('@aws-lambda-powertools/tracer');
    const { provider } = new Tracer({ serviceName: 'test', enabled: true });
    const { Segment, getNamespace } = require('aws-xray-sdk-core');
    provider.captureHTTPsGlobal();
    provider.instrumentFetch();
    const segment = new Segment('test');
    getNamespace().enter(getNamespace().createContext());
    provider.setSegment(segment);
    return () => segment.subsegments?.length ?? 0;
  },
};

module.exports = { seen: NEIGHBOURS[process.env.NEIGHBOUR]() };
