import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Incoming = { CustomerIdentifier: string; Dimension: string; Quantity: number; Timestamp: number };

/**
 * AWS Marketplace's BatchMeterUsage as far as its limits go: 25 records a call, whole quantities, at most six hours old
 * and not ahead, and one record for each customer, dimension and hour: the same again is the same, another quantity is a
 * DuplicateRecord. `lose` drops the connection after the records were taken.
 */
export const startMarketplace = async (
  clock: () => Date,
  subscribed: (customer: string) => boolean = () => true,
  port = 0,
) => {
  const records = new Map<string, Incoming>();
  const refusals: string[] = [];
  const sizes: number[] = [];
  let lost = 0;

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const refuse = (type: string) => {
        refusals.push(type);
        response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify({ __type: type, message: type }));
      };
      const { UsageRecords, ProductCode } = JSON.parse(Buffer.concat(chunks).toString()) as {
        UsageRecords: Incoming[];
        ProductCode: string;
      };
      const now = clock().getTime() / 1000;
      sizes.push(UsageRecords.length);
      if (request.headers["x-amz-target"] !== "AWSMPMeteringService.BatchMeterUsage") return refuse("UnknownOperation");
      if (ProductCode !== "product") return refuse("InvalidProductCodeException");
      if (UsageRecords.length === 0 || UsageRecords.length > 25) return refuse("ValidationException");
      if (UsageRecords.some(({ Timestamp }) => Timestamp < now - 6 * 3600 || Timestamp > now))
        return refuse("TimestampOutOfBoundsException");
      if (UsageRecords.some(({ Quantity }) => !Number.isInteger(Quantity) || Quantity < 0))
        return refuse("ValidationException");
      const Results = UsageRecords.map((record) => {
        const hour = Math.floor(record.Timestamp / 3600);
        const key = `${record.CustomerIdentifier} ${record.Dimension} ${hour}`;
        if (!subscribed(record.CustomerIdentifier)) return { UsageRecord: record, Status: "CustomerNotSubscribed" };
        const known = records.get(key);
        if (known !== undefined && known.Quantity !== record.Quantity)
          return { UsageRecord: record, Status: "DuplicateRecord" };
        records.set(key, record);
        return { UsageRecord: record, MeteringRecordId: key, Status: "Success" };
      });
      if (lost > 0) {
        lost--;
        return request.socket.destroy();
      }
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      return response.end(JSON.stringify({ Results, UnprocessedRecords: [] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What counts, by customer, dimension and hour. */
    records,
    refusals,
    /** Records of each call. */
    sizes,
    lose: (replies: number) => void (lost = replies),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
};
