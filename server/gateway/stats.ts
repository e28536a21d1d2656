/** What the gateway counts since the start of the server. */
export class GatewayStats {
  socketCount = 0;
  subscriptionCount = 0;
  requestCount = 0;
  refusalCount = 0;
  droppedDeltaCount = 0;
  /** By reason. */
  readonly resyncs: Record<string, number> = {};
  /** Closed by the server, by close code. */
  readonly closes: Record<string, number> = {};

  addResync(reason: string): void {
    this.resyncs[reason] = (this.resyncs[reason] ?? 0) + 1;
  }

  addClose(code: number): void {
    this.closes[code] = (this.closes[code] ?? 0) + 1;
  }
}
