/** Reports as bytes: a proxy encodes a report once and sends the same bytes to every replica. */
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { loadDefinitions } from './definitions.ts';
import type { StreamReportsRequest } from './generated/lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse__Output } from './generated/lb/v1/StreamReportsResponse.ts';

/** A client of ReportService. Buffers are messages that are encoded already and are sent as they are. */
export interface ReportsClient extends Client {
  streamReports(): ClientDuplexStream<StreamReportsRequest | Buffer, StreamReportsResponse__Output>;
}

export function encodeReport(report: StreamReportsRequest): Buffer {
  return loadDefinitions().services.reports.StreamReports.requestSerialize(report);
}

/** The definition of ReportService for a ReportsClient. */
export function preEncodedReports() {
  const { StreamReports } = loadDefinitions().services.reports;
  return {
    StreamReports: {
      ...StreamReports,
      requestSerialize: (report: StreamReportsRequest | Buffer) =>
        Buffer.isBuffer(report) ? report : encodeReport(report),
    },
  };
}
